"""Versions of a model in a real registry, with what a test wants the measuring run to say."""

import json
from dataclasses import replace
from pathlib import Path

from kedro.config import OmegaConfigLoader
from mlflow import MlflowClient
from mlflow.entities import Metric, Param

from dermaflow.ml.evaluation.estimate import Estimate
from dermaflow.params.parameters import Parameters
from dermaflow.registry.model_registry import ModelRegistry
from dermaflow.registry.promote_version import promote_version
from dermaflow.registry.registry_config import RegistryConfig
from dermaflow.settings import CONFIG_LOADER_ARGS
from dermaflow.tracking.metric_names import name_metrics
from dermaflow.tracking.tracking_config import TrackingConfig

_CONF = Path(__file__).parents[1] / "conf"

MODEL = "dermaflow"
FIGURES = {"balanced_accuracy": 0.97, "macro_auc": 0.99, "mel/recall": 0.95}
_INTERVALS = {"evaluate.confidence": "0.95", "evaluate.bootstrap_samples": "1000"}


def register_measured(
    client,
    folder,
    figures=FIGURES,
    *,
    model=MODEL,
    experiment="dermaflow",
    reports=True,
    broken=(),
    run_data="d1",
    env="base",
    tags=(),
):
    """Register a version; gives its number.

    Args:
        client: of the store, which has the experiment.
        folder: an empty one.
        figures: of its run, whose lower ends are 0.01 below.
        model: its name.
        experiment: of its run.
        reports: whether the run has those of validate.
        broken: expectations that were not met.
        run_data: data version of the figures; that of the version is d1.
        env: of the run.
        tags: of the version.
    """
    experiment_id = client.get_experiment_by_name(experiment).experiment_id
    run_id = client.create_run(experiment_id, tags={"env": env}).info.run_id
    scores = {name: Estimate(v, v - 0.01, v + 0.01) for name, v in figures.items()}
    metrics = name_metrics({"test": scores})
    client.log_batch(
        run_id,
        [Metric(name, value, 1, 0) for name, value in metrics.items()],
        [Param(name, value) for name, value in _INTERVALS.items()],
    )
    contents = {
        "split_report": {"data_version": run_data, "groups_across_splits": 0},
        "validation_report": {"broken": list(broken)},
    }
    for name, content in contents.items() if reports else ():
        (folder / f"{name}.json").write_text(json.dumps(content))
        client.log_artifact(run_id, str(folder / f"{name}.json"), "validation")
    if not client.search_registered_models(f"name = '{model}'"):
        client.create_registered_model(model)
    tags = {"data_version": "d1", **dict(tags)}
    version = client.create_model_version(model, "s3://a-bucket/a-model", run_id, tags=tags)
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
