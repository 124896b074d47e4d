"""Putting a model into MLflow's registry."""

from __future__ import annotations

import base64
import io
import json
import logging
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
from mlflow import MlflowClient
from mlflow.entities import Run
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, Schema
from PIL import Image

import dermaflow
from dermaflow.ml.evaluation.decision_rule import RULE_FILE
from dermaflow.ml.models.weights import Weights, save_weights
from dermaflow.serving.contract import INPUT_COLUMN
from dermaflow.tracking.metrics_digest import METRICS_RUN_TAG, METRICS_TAG, metrics_digest

logger = logging.getLogger(__name__)

# What `dermaflow.serving` imports; everything else of the project is not needed to serve.
SERVING_PACKAGES = (
    "mlflow", "numpy", "pandas", "pillow", "pyarrow", "safetensors", "torch", "torchvision", "tqdm",
)  # fmt: skip
CONTRACT_FILE = "contract.json"


def register_version(
    name: str,
    classifier: Weights,
    decision_rule: Mapping[str, Any],
    contract: Mapping[str, Any],
    metrics: Mapping[str, Any],
    tags: Mapping[str, str],
) -> dict[str, str]:
    """Log the served model to the active run and register it as the next version of ``name``.

    The model's folder holds the weights, the decision rule, the contract, the code that serves them
    and the packages it needs, and no pickle.

    Args:
        name: of the registered model.
        classifier: weights with their description.
        decision_rule: what the served model makes of their logits.
        contract: see ``dermaflow.serving.contract``.
        metrics: of the evaluation, by which the run that measured them is found.
        tags: of the version, on top of those that name the run and its code.

    Returns:
        ``name``, ``version``, ``model_uri`` and ``run_id``.

    Raises:
        RuntimeError: no MLflow run is active.
    """
    run = mlflow.active_run()
    if run is None:
        raise RuntimeError("a model is registered from within an MLflow run, and none is active")
    with tempfile.TemporaryDirectory() as folder, _no_bytecode():
        info = _log_model(Path(folder) / "weights", classifier, decision_rule, contract)
    client = MlflowClient()
    if not client.search_registered_models(f"name = '{name}'"):
        client.create_registered_model(name, description=contract["intended_use"])
    all_tags = _code_tags(client, run.info.run_id) | dict(tags)
    all_tags[METRICS_RUN_TAG] = run_that_measured(client, run, metrics)
    registered = client.create_model_version(
        name, info.model_uri, run.info.run_id, tags=all_tags, model_id=info.model_id
    )
    uri = f"models:/{name}/{registered.version}"
    logger.info("Registered %s", uri)
    return {
        "name": name,
        "version": str(registered.version),
        "model_uri": uri,
        "run_id": run.info.run_id,
    }


@contextmanager
def _no_bytecode() -> Iterator[None]:
    """MLflow loads the model to try it: what that compiles would be stored with it."""
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        yield
    finally:
        sys.dont_write_bytecode = before


def _log_model(
    folder: Path,
    classifier: Weights,
    decision_rule: Mapping[str, Any],
    contract: Mapping[str, Any],
) -> Any:
    from dermaflow.serving.model_code import WEIGHTS

    package = Path(dermaflow.__file__).parent
    save_weights(folder, classifier)
    for file, content in {RULE_FILE: decision_rule, CONTRACT_FILE: contract}.items():
        (folder / file).write_text(json.dumps(content, indent=2) + "\n")
    return mlflow.pyfunc.log_model(
        name="model",
        python_model=str(package / "serving" / "model_code.py"),
        artifacts={WEIGHTS: str(folder)},
        code_paths=[str(package)],
        signature=contract_signature(contract),
        input_example=example_input(classifier.config["preprocess"]),
        pip_requirements=serving_requirements(),
        metadata={"intended_use": contract["intended_use"]},
    )


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


def serving_requirements() -> list[str]:
    """The packages needed to serve, at the installed versions (less torch's build suffix)."""
    return [f"{name}=={version(name).partition('+')[0]}" for name in SERVING_PACKAGES]


def run_that_measured(client: MlflowClient, run: Run, metrics: Mapping[str, Any]) -> str:
    """Id of the first run that logged these metrics; "unknown" where none did."""
    digest = metrics_digest(metrics)
    found = client.search_runs(
        [run.info.experiment_id],
        f"tags.{METRICS_TAG} = '{digest}'",
        order_by=["attributes.start_time ASC"],
        max_results=1,
    )
    return str(found[0].info.run_id) if found else "unknown"


def _code_tags(client: MlflowClient, run_id: str) -> dict[str, str]:
    """Which run made the version, and with which code."""
    run_tags = client.get_run(run_id).data.tags
    commit = run_tags.get("mlflow.source.git.commit", "none")
    dirty = run_tags.get("git_dirty") == "true"
    return {
        "run_id": run_id,
        "code_version": f"{commit}{' with changes' if dirty else ''}",
    }
