"""Writing weights to disk, which a served model never does."""

from __future__ import annotations

import json
from pathlib import Path

from dermaflow.io.atomic_files import replacing_folder, written_by_safetensors
from dermaflow.ml.models.weights import CONFIG_FILE, TENSORS_FILE, Weights


def save_weights(folder: str | Path, weights: Weights) -> None:
    """Write ``weights`` as a folder, replacing what is there only once it is whole."""
    from safetensors.torch import save_file  # imports torch

    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in weights.tensors.items()}
    with replacing_folder(folder) as partial:
        with written_by_safetensors(partial / TENSORS_FILE):
            save_file(tensors, partial / TENSORS_FILE)
        text = json.dumps(weights.config, indent=2, sort_keys=True)
        (partial / CONFIG_FILE).write_text(text + "\n", encoding="utf-8")
