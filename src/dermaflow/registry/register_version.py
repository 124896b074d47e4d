"""Putting a model into MLflow's registry."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import mlflow
from mlflow import MlflowClient
from mlflow.entities import LoggedModel, Run
from mlflow.models import Model

from dermaflow.ml.evaluation.feature_space import FeatureSpace
from dermaflow.ml.models.weights import Weights
from dermaflow.registry.check_files import DIGEST_TAG, SIGNATURE_TAG
from dermaflow.registry.evidence import UNKNOWN as NO_ENVIRONMENT
from dermaflow.registry.evidence import Evidence
from dermaflow.registry.logged_model import log_saved_model
from dermaflow.registry.model_folder import MODEL, ModelParts, save_model
from dermaflow.registry.registered_model import ENVIRONMENT_TAG, give_challenger, own_model
from dermaflow.registry.signature import sign_digest
from dermaflow.registry.version_card import describe_version
from dermaflow.tracking.metric_names import name_metrics
from dermaflow.tracking.metrics_digest import METRICS_RUN_TAG, METRICS_TAG, metrics_digest
from dermaflow.tracking.run_description import COMMIT, NONE, UNKNOWN, has_changes

logger = logging.getLogger(__name__)


def register_version(
    name: str,
    classifier: Weights,
    decision_rule: Mapping[str, Any],
    contract: Mapping[str, Any],
    metrics: Mapping[str, Any],
    evidence: Evidence,
    tags: Mapping[str, str],
    space: FeatureSpace | None = None,
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
        space: in which the decision rule measures distances, if it does.

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
    parts = ModelParts(classifier, decision_rule, contract, evidence, space)
    logged, identity = _log_model(client, run, parts)
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
    client: MlflowClient, run: Run, parts: ModelParts
) -> tuple[LoggedModel, dict[str, str]]:
    """Save the model's folder and upload it; gives also the tags of its digest and signature."""
    identity: dict[str, str] = {}

    def save(model: Model) -> None:
        digest = save_model(Path(folder), parts, model)
        identity.update(_identity_tags(digest))  # before the upload, as a key may be unusable

    with tempfile.TemporaryDirectory() as folder:
        names = name_metrics(parts.evidence.parts)
        logged = log_saved_model(client, run.info.run_id, Path(folder) / MODEL, names, save)
    return logged, identity


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
