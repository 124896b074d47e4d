"""Putting a model into MLflow's registry."""

from __future__ import annotations

import base64
import io
import json
import logging
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
from mlflow import MlflowClient
from mlflow.entities import LoggedModel, Run
from mlflow.models import Model, ModelSignature
from mlflow.types import ColSpec, Schema
from PIL import Image

from dermaflow.ml.evaluation.decision_rule import RULE_FILE
from dermaflow.ml.models.save_weights import save_weights
from dermaflow.ml.models.weights import Weights
from dermaflow.registry.aliases import give_challenger
from dermaflow.registry.check_files import DIGEST_TAG, SIGNATURE_TAG
from dermaflow.registry.evidence import FOLDER as EVIDENCE
from dermaflow.registry.evidence import UNKNOWN as NO_ENVIRONMENT
from dermaflow.registry.evidence import Evidence, write_evidence
from dermaflow.registry.logged_model import log_saved_model
from dermaflow.registry.model_files import CONTRACT_FILE, seal_model
from dermaflow.registry.registered_model import ENVIRONMENT_TAG, own_model
from dermaflow.registry.shipped_code import importable, write_model_package
from dermaflow.registry.signature import sign_digest
from dermaflow.registry.version_card import describe_version
from dermaflow.serving.columns import INPUT_COLUMN
from dermaflow.tracking.metric_names import name_metrics
from dermaflow.tracking.metrics_digest import METRICS_RUN_TAG, METRICS_TAG, metrics_digest
from dermaflow.tracking.run_description import COMMIT, NONE, UNKNOWN, has_changes

logger = logging.getLogger(__name__)

# Distributions whose name is not that of the module.
_DISTRIBUTIONS = {"PIL": "pillow"}
MODEL = "model"  # the folder that MLflow keeps


def register_version(
    name: str,
    classifier: Weights,
    decision_rule: Mapping[str, Any],
    contract: Mapping[str, Any],
    metrics: Mapping[str, Any],
    evidence: Evidence,
    tags: Mapping[str, str],
) -> dict[str, str]:
    """Log the served model to the active run and register it as the next version of ``name``.

    The model's folder holds the weights, the decision rule, the contract, the evidence, the code
    that serves them, under a name of its own, the names of the packages that it needs, and the list
    of all these files; and no pickle. The digest of the list is a tag of the version, and so is its
    signature where the host has a key. The newest version has the alias ``challenger``.

    Args:
        name: of the registered model.
        classifier: weights with their description.
        decision_rule: what the served model makes of their logits.
        contract: see ``dermaflow.serving.contract``.
        metrics: of the evaluation, by which the run that measured them is found.
        evidence: what is known of the model; its environment and the run that measured it are
            looked up here.
        tags: of the version, on top of those that name the run and its code.

    Returns:
        ``name``, ``version``, ``model_uri``, ``run_id`` and ``digest``.

    Raises:
        RuntimeError: no MLflow run is active.
        RegistryError: the registered model is another environment's, the evidence says what cannot
            be, or the host's signing key cannot be used.
    """
    active = mlflow.active_run()
    if active is None:
        raise RuntimeError("a model is registered from within an MLflow run, and none is active")
    client = MlflowClient()
    run = client.get_run(active.info.run_id)  # with what was logged since it was opened
    env = run.data.tags.get("env", NO_ENVIRONMENT)
    own_model(client, name, env, contract["intended_use"])
    measured_by = run_that_measured(client, run, metrics)
    evidence = replace(evidence, environment=env, metrics_run=measured_by)
    logged, identity = _log_model(client, run, classifier, decision_rule, contract, evidence)
    all_tags = _origin_tags(run) | dict(tags) | identity | {METRICS_RUN_TAG: measured_by}
    digest = identity[DIGEST_TAG]
    registered = client.create_model_version(
        name,
        logged.model_uri,
        run.info.run_id,
        tags=all_tags,
        description=describe_version(contract, evidence, all_tags, digest),
        model_id=logged.model_id,
    )
    give_challenger(client, name)
    uri = f"models:/{name}/{registered.version}"
    logger.info("Registered %s, whose files have the digest %s", uri, digest)
    return {
        "name": name,
        "version": str(registered.version),
        "model_uri": uri,
        "run_id": run.info.run_id,
        "digest": digest,
    }


def _log_model(
    client: MlflowClient,
    run: Run,
    classifier: Weights,
    decision_rule: Mapping[str, Any],
    contract: Mapping[str, Any],
    evidence: Evidence,
) -> tuple[LoggedModel, dict[str, str]]:
    """Save the model's folder and upload it; gives also the tags of its digest and signature."""
    identity: dict[str, str] = {}

    def save(model: Model) -> None:
        digest = _save_model(Path(folder), classifier, decision_rule, contract, evidence, model)
        identity.update(_identity_tags(digest))  # before the upload, as a key may be unusable

    with tempfile.TemporaryDirectory() as folder:
        names = name_metrics(evidence.parts)
        logged = log_saved_model(client, run.info.run_id, Path(folder) / MODEL, names, save)
    return logged, identity


def _save_model(
    folder: Path,
    classifier: Weights,
    decision_rule: Mapping[str, Any],
    contract: Mapping[str, Any],
    evidence: Evidence,
    identity: Model,
) -> str:
    """Write the model's folder, ``MODEL`` in ``folder``, with its parts beside it.

    Returns:
        Digest of its files.
    """
    # Imported, so that the stage depends on all code that it puts into the model.
    from dermaflow.serving import model_code

    weights = folder / "weights"
    save_weights(weights, classifier)
    for file, content in {RULE_FILE: decision_rule, CONTRACT_FILE: contract}.items():
        (weights / file).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    write_evidence(folder / EVIDENCE, evidence)
    package = write_model_package(model_code.__name__, folder)
    with importable(package):  # MLflow runs the code when it saves the model
        mlflow.pyfunc.save_model(
            folder / MODEL,
            mlflow_model=identity,
            python_model=str(package.entry),
            artifacts={model_code.WEIGHTS: str(weights), EVIDENCE: str(folder / EVIDENCE)},
            code_paths=[str(folder / package.name)],
            signature=contract_signature(contract),
            input_example=example_input(classifier.config["preprocess"]),
            pip_requirements=pin_requirements(package.third_party),
            metadata={"intended_use": contract["intended_use"]},
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


def run_that_measured(client: MlflowClient, run: Run, metrics: Mapping[str, Any]) -> str:
    """Id of the first run that logged these metrics; "unknown" where none did.

    Runs with other parameters may come to the same metrics, as where another decision rule changes
    no label of a small test split; so a run with this one's parameters of training and evaluation
    goes first.
    """
    found = client.search_runs(
        [run.info.experiment_id],
        f"tags.{METRICS_TAG} = '{metrics_digest(metrics)}'",
        order_by=["attributes.start_time ASC"],
    )
    own = _decisive(run)
    measured = next((one for one in found if _decisive(one) == own), next(iter(found), None))
    return str(measured.info.run_id) if measured else "unknown"


def _decisive(run: Run) -> dict[str, str]:
    return {
        name: value
        for name, value in run.data.params.items()
        if name.startswith(("train.", "evaluate."))
    }


def _origin_tags(run: Run) -> dict[str, str]:
    """Which run made the version, in which environment, and with which code."""
    run_tags = run.data.tags
    commit = run_tags.get(COMMIT, NONE)
    changes = {True: " with changes", False: "", None: ", changes unknown"}
    known = "" if commit in (NONE, UNKNOWN) else changes[has_changes(run_tags)]
    return {
        "run_id": run.info.run_id,
        ENVIRONMENT_TAG: run_tags.get("env", NO_ENVIRONMENT),
        "code_version": f"{commit}{known}",
    }


def _identity_tags(digest: str) -> dict[str, str]:
    """What the version's files are, and who says so."""
    signature = sign_digest(digest)
    return {DIGEST_TAG: digest} | ({SIGNATURE_TAG: signature} if signature else {})
