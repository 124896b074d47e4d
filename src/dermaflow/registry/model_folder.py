"""The folder of a registered model: weights, rule, contract, evidence and the code that serves."""

from __future__ import annotations

import base64
import io
import json
import shutil
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import mlflow
import pandas as pd
from mlflow.models import Model, ModelSignature
from mlflow.types import ColSpec, Schema
from PIL import Image
from safetensors.numpy import save_file

from dermaflow.ml.evaluation.decision_rule import RULE_FILE
from dermaflow.ml.evaluation.feature_space import SPACE_FILE, FeatureSpace
from dermaflow.ml.models.save_weights import save_weights
from dermaflow.ml.models.weights import Weights
from dermaflow.registry.evidence import FOLDER as EVIDENCE
from dermaflow.registry.evidence import Evidence, write_evidence
from dermaflow.registry.model_files import CONTRACT_FILE, seal_model
from dermaflow.registry.shipped_code import importable, write_model_package
from dermaflow.serving.columns import INPUT_COLUMN

MODEL = "model"  # the folder that MLflow keeps

# Distributions whose name is not that of the module.
_DISTRIBUTIONS = {"PIL": "pillow"}


class ModelParts(NamedTuple):
    """What a model's folder is made of, beside code.

    Attributes:
        classifier: weights with their description.
        decision_rule: what the served model makes of their logits.
        contract: see ``dermaflow.serving.contract``.
        evidence: what is known of the model.
        space: in which the decision rule measures distances, if it does.
    """

    classifier: Weights
    decision_rule: Mapping[str, Any]
    contract: Mapping[str, Any]
    evidence: Evidence
    space: FeatureSpace | None


def save_model(folder: Path, parts: ModelParts, identity: Model) -> str:
    """Write the model's folder, ``MODEL`` in ``folder``, with its parts beside it.

    Args:
        folder: that exists, and is empty.
        parts: of the model.
        identity: what MLflow is to write of it there.

    Returns:
        Digest of its files.
    """
    # Imported, so that the stage depends on all code that it puts into the model.
    from dermaflow.serving import model_code

    weights = folder / "weights"
    save_weights(weights, parts.classifier)
    for file, content in {RULE_FILE: parts.decision_rule, CONTRACT_FILE: parts.contract}.items():
        (weights / file).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    if parts.space is not None:
        save_file(parts.space.to_arrays(), weights / SPACE_FILE)
    write_evidence(folder / EVIDENCE, parts.evidence)
    package = write_model_package(model_code.__name__, folder)
    with importable(package):  # MLflow runs the code when it saves the model
        mlflow.pyfunc.save_model(
            folder / MODEL,
            mlflow_model=identity,
            python_model=str(package.entry),
            artifacts={model_code.WEIGHTS: str(weights), EVIDENCE: str(folder / EVIDENCE)},
            code_paths=[str(folder / package.name)],
            signature=contract_signature(parts.contract),
            input_example=example_input(parts.classifier.config["preprocess"]),
            pip_requirements=pin_requirements(package.third_party),
            metadata={"intended_use": parts.contract["intended_use"]},
        )
    for cache in (folder / MODEL).rglob("__pycache__"):
        shutil.rmtree(cache)
    return seal_model(folder / MODEL)


def contract_signature(contract: Mapping[str, Any]) -> ModelSignature:
    """MLflow's signature of the contract's inputs and outputs."""
    return ModelSignature(
        inputs=Schema([ColSpec(e["type"], name) for name, e in contract["input"].items()]),
        outputs=Schema([ColSpec(e["type"], name) for name, e in contract["output"].items()]),
    )


def example_input(preprocess: Mapping[str, Any]) -> pd.DataFrame:
    """A picture of nothing, drawn here, since a real one would carry a licence and a patient."""
    disc = Image.radial_gradient("L").resize((preprocess["width"], preprocess["height"]))
    picture = Image.composite(
        Image.new("RGB", disc.size, "#e8c4b0"), Image.new("RGB", disc.size, "#7a4a32"), disc
    )
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return pd.DataFrame({INPUT_COLUMN: [base64.b64encode(buffer.getvalue()).decode()]})


def pin_requirements(modules: Iterable[str]) -> list[str]:
    """Distributions of top-level modules at the installed versions, less torch's build suffix."""
    names = sorted(_DISTRIBUTIONS.get(module, module) for module in modules)
    return [f"{name}=={version(name).partition('+')[0]}" for name in names]
