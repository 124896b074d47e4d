"""Weights: safetensors beside the JSON that rebuilds the module. No pickle."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError

from dermaflow.errors import WeightsError

if TYPE_CHECKING:
    import torch  # heavy: whoever only names `Weights` in an annotation is spared it

TENSORS_FILE = "model.safetensors"
CONFIG_FILE = "config.json"


@dataclass(frozen=True)
class Weights:
    """A state dict and the JSON-ready description of the module it belongs to."""

    tensors: dict[str, torch.Tensor]
    config: dict[str, Any]


def weights_digest(weights: Weights) -> str:
    """First 16 hex digits of a SHA-256 over the tensors' names and bytes."""
    import torch

    digest = hashlib.sha256()
    for name, tensor in sorted(weights.tensors.items()):
        # As bytes, for numpy knows no bfloat16.
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()[:16]


def load_weights(folder: str | Path) -> Weights:
    """Read a folder written by ``save_weights``.

    Raises:
        WeightsError: a file is missing or damaged; the text names it.
    """
    path = Path(folder)
    return Weights(load_tensors(path / TENSORS_FILE), _load_config(path / CONFIG_FILE))


def load_tensors(path: str | Path) -> dict[str, torch.Tensor]:
    """Read a safetensors file. Raises WeightsError, naming the file."""
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except FileNotFoundError as error:
        raise WeightsError(f"weights file {path} does not exist") from error
    except (SafetensorError, OSError) as error:
        raise WeightsError(f"weights file {path} is not readable safetensors: {error}") from error


def _load_config(path: Path) -> dict[str, Any]:
    try:
        config: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return config
    except (OSError, json.JSONDecodeError) as error:
        raise WeightsError(f"weights description {path} is not readable: {error}") from error
