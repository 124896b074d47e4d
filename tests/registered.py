"""Versions of a model in a real registry, with what a test wants the measuring run to say."""

import json

from mlflow.entities import Metric, Param

from dermaflow.ml.evaluation.estimate import Estimate
from dermaflow.tracking.metric_names import name_metrics

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
    version = client.create_model_version(model, "file:///nowhere", run_id, tags=tags)
    return int(version.version)
