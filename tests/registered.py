"""Versions of a model in a real registry, with the evidence that a test wants them to have."""

from dataclasses import replace
from pathlib import Path

from kedro.config import OmegaConfigLoader
from mlflow import MlflowClient
from mlflow.models import Model

from dermaflow.ml.evaluation.estimate import Estimate
from dermaflow.params.parameters import Parameters
from dermaflow.registry.evidence import write_evidence
from dermaflow.registry.model_files import EVIDENCE_FOLDER, REQUIRED, seal_model
from dermaflow.registry.model_registry import ModelRegistry
from dermaflow.registry.promote_version import promote_version
from dermaflow.registry.registry_config import RegistryConfig
from dermaflow.settings import CONFIG_LOADER_ARGS
from dermaflow.tracking.tracking_config import TrackingConfig
from registry.made_evidence import make_evidence, make_manifest, make_predictions

_CONF = Path(__file__).parents[1] / "conf"

MODEL = "dermaflow-base"
FIGURES = {"balanced_accuracy": 0.97, "macro_auc": 0.98, "mel/recall": 0.95}
DATA = make_manifest(60)
GOOD, POOR = (make_predictions(DATA, quality=quality) for quality in (5.0, 1.0))


def register_measured(
    client,
    folder,
    figures=FIGURES,
    *,
    model=MODEL,
    experiment=None,
    predictions=GOOD,
    tags=(),
    **changes,
):
    """Register a version; gives its number.

    Args:
        client: of the store, which has the experiment.
        folder: in which the version's files are made.
        figures: of its test split, whose lower ends are 0.01 below.
        model: its name.
        experiment: whose artifacts its files become; None to leave them in ``folder``.
        predictions: of its test images.
        tags: of the version, on top of its digest.
        changes: of what its evidence says.
    """
    evidence = make_evidence(DATA, predictions, **{"resamples": 1000, "env": "base"} | changes)
    told = {name: Estimate(v, v - 0.01, v + 0.01, 36) for name, v in figures.items()}
    known = {name: e for name, e in evidence.parts["test"].items() if name not in FIGURES}
    evidence = replace(evidence, parts={"test": known | told})
    own = folder / f"model-{len(list(folder.iterdir()))}"
    return register_with(client, own, evidence, model=model, experiment=experiment, tags=tags)


def register_with(client, folder, evidence, *, model=MODEL, experiment=None, tags=()):
    """Register a version whose folder, which is made, stands for weights; gives its number."""
    logged = None
    if experiment is not None:
        experiment_id = client.get_experiment_by_name(experiment).experiment_id
        logged = client.create_logged_model(experiment_id)
    for name in REQUIRED:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("of no network")
    if logged:
        Model(model_id=logged.model_id).save(str(folder / "MLmodel"))
    write_evidence(folder / EVIDENCE_FOLDER, evidence)
    tags = {"digest": seal_model(folder), "data_version": evidence.data_version, **dict(tags)}
    if not client.search_registered_models(f"name = '{model}'"):
        client.create_registered_model(model)
    if logged is None:
        version = client.create_model_version(model, folder.as_uri(), tags=tags)
        return int(version.version)
    client.log_model_artifacts(logged.model_id, str(folder))
    client.finalize_logged_model(logged.model_id, "READY")
    version = client.create_model_version(
        model, logged.model_uri, tags=tags, model_id=logged.model_id
    )
    return int(version.version)


def registry_of(uri, model, folder, **config):
    """The registry of a model, with the parameters of ``base``.

    Args:
        uri: of the store.
        model: its name.
        folder: of a project, where the hook runs.
        config: other values than those of ``registry.yml``.
    """
    loader = OmegaConfigLoader(str(_CONF), env="base", **CONFIG_LOADER_ARGS)
    parameters = Parameters.model_validate(
        loader["parameters"] | {"register": loader["parameters"]["register"] | {"name": model}}
    )
    tracking = TrackingConfig.read(loader).model_copy(
        update={"tracking_uri": uri, "artifact_location": None}
    )
    return ModelRegistry(
        client=MlflowClient(uri),
        tracking=tracking,
        config=RegistryConfig.model_validate({**loader["registry"], **config}),
        parameters=parameters,
        env="base",
        project_path=folder,
    )


def promote_at_once(registry, uri, number, barrier):
    """In a forked process: promote a version when all others are about to do it, too.

    Args:
        registry: of the model.
        uri: of the store, written otherwise, so that no connection is that of the parent.
        number: of the version.
        barrier: for all processes.
    """
    own = replace(registry, client=MlflowClient(uri))
    barrier.wait()
    assert promote_version(own, str(number)).decision.kind == "promoted"
