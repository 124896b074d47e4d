"""One MLflow run around one ``kedro run``."""

from __future__ import annotations

import atexit
import json
import logging
import os
import re
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import mlflow
from mlflow import MlflowClient

from dermaflow.errors import TrackingError
from dermaflow.io.supervised import tell_supervisor
from dermaflow.ml.evaluation.estimate import parts_from_json
from dermaflow.schema import ALL_STAGES, DRAWINGS, with_drawings
from dermaflow.tracking.data_inputs import data_inputs
from dermaflow.tracking.job_run import job_id, join_job
from dermaflow.tracking.killed_run import RunMarker, settle_killed_runs
from dermaflow.tracking.long_values import cut_parameters, cut_tags
from dermaflow.tracking.metric_names import METRICS_A_BATCH, name_metrics
from dermaflow.tracking.metrics_digest import METRICS_TAG, metrics_digest
from dermaflow.tracking.mlflow_store import open_store
from dermaflow.tracking.pictures import KEPT_LOCAL, charts_of, shows_pictures
from dermaflow.tracking.run_description import describe_run
from dermaflow.tracking.system_metrics import finish_monitor, start_monitor
from dermaflow.tracking.tracking_config import TrackingConfig
from dermaflow.tracking.ui_pages import has_server, run_page
from dermaflow.versioning.stages.lock_keeper import has_keeper

logger = logging.getLogger(__name__)

PARAMETERS_A_BATCH = 100  # MLflow's limit of parameters in one request
_NAME = re.compile(r"[\w -]+")


class TrackedRun:
    """Opens a run (or joins the job's, or the one of ``MLFLOW_RUN_ID``), and closes it.

    One that was killed is opened again by the next that does the same.

    Args:
        config: resolved; see ``TrackingConfig.resolve``.
        name: of a new run; a joined run keeps its own, and tags that it has already.
        tags: set on the run.
        open_runs: folder of the notes that tell the next process of runs that were killed.
        does: digest of what the run is to do; None to never open a killed one again.

    Raises:
        TrackingError: the store cannot be used, or the run to join has ended.
    """

    def __init__(
        self,
        config: TrackingConfig,
        name: str,
        tags: Mapping[str, str],
        open_runs: Path,
        does: str | None = None,
    ) -> None:
        experiment = open_store(config)
        joined = _find_joined(experiment, name, tags)
        self.joined = joined is not None
        self._may_go_on = does is not None
        self._log_pictures = config.log_pictures
        uri = config.portable_uri  # notes move along with the project
        self._marker = None if joined else settle_killed_runs(open_runs, uri, does, experiment)
        killed = self._marker.run_id if self._marker else None
        chosen = joined or killed
        # Our own monitor replaces MLflow's, which a joined run would start once a process.
        run = mlflow.start_run(
            run_id=chosen, run_name=None if chosen else name, log_system_metrics=False
        )
        self.run_id: str = run.info.run_id
        self._monitor = None
        # MLflow would call a run finished that Ctrl-C or an error cut off.
        atexit.register(self.close, "KILLED")
        # MLflow has tagged a new run with the commit of wherever the command itself lies.
        kept = run.data.tags.keys() if joined else ()
        self.set_tags({key: value for key, value in tags.items() if key not in kept})
        if not chosen:
            self._marker = RunMarker(open_runs, self.run_id, uri, does)
        self._monitor = start_monitor(self.run_id, config.system_metrics_interval)
        again = ", which was killed, goes on" if killed else ""
        logger.info("MLflow run %s (%s)%s", run.info.run_name, self.run_id, again)
        self.page = run_page(config, run.info.experiment_id, self.run_id)
        # The hook on failure gets an address that others can open.
        tell_supervisor(run_id=self.run_id, run_url=self.page if has_server(config) else "")

    def log_parameters(self, parameters: Mapping[str, Any]) -> None:
        """Log nested parameters, one MLflow parameter a leaf: ``train.backbone.weights``.

        Where MLflow keeps a part of one, an artifact has them whole; see ``long_values``.
        """
        cut, whole = cut_parameters(flatten(parameters))
        leaves = list(cut.items())
        for start in range(0, len(leaves), PARAMETERS_A_BATCH):
            mlflow.log_params(dict(leaves[start : start + PARAMETERS_A_BATCH]))
        for path, content in whole.items():
            self.log_content(content, path)

    def set_tags(self, tags: Mapping[str, str]) -> None:
        """Set tags, over those of the same name."""
        cut, whole = cut_tags(tags)
        mlflow.set_tags(cut)
        for path, content in whole.items():
            self.log_content(content, path)

    def extend_tag(self, name: str, stages: Iterable[str]) -> None:
        """Add stages to a tag that lists some, ``ingest+validate``, in the order of the data.

        What draws a stage is listed only where the stage itself is not.
        """
        before = MlflowClient().get_run(self.run_id).data.tags.get(name, "").split("+")
        found = {*before, *stages}
        hidden = {DRAWINGS[stage] for stage in found if stage in DRAWINGS}
        listed = [stage for stage in ALL_STAGES if stage in found - hidden]
        if listed:
            mlflow.set_tag(name, "+".join(listed))

    def keep_local(self, paths: Iterable[str]) -> None:
        """Say in the run's tag which outputs it did not log whole."""
        before = MlflowClient().get_run(self.run_id).data.tags.get(KEPT_LOCAL, "")
        self.set_tags({KEPT_LOCAL: ", ".join(sorted({*filter(None, before.split(", ")), *paths}))})

    def stages(self) -> set[str]:
        """Stages that ran in this run, with their drawings, those before it was killed as well."""
        tags = MlflowClient().get_run(self.run_id).data.tags
        return set(with_drawings(tags.get("stages", "").split("+")))

    def log_data(self, manifest: Path, shown: str) -> None:
        """Log the data that the run stands on as MLflow's data sets; see ``data_inputs``."""
        MlflowClient().log_inputs(self.run_id, data_inputs(manifest, shown))

    def log_content(self, content: str | bytes, path: str) -> None:
        """Keep a text, or bytes, as an artifact."""
        if isinstance(content, str):
            content = content.encode()
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / PurePosixPath(path).name
            file.write_bytes(content)
            parent = str(PurePosixPath(path).parent)
            mlflow.log_artifact(str(file), None if parent == "." else parent)

    def describe(self) -> dict[str, float]:
        """Write the run's description from what it holds by now; returns its metrics."""
        data = MlflowClient().get_run(self.run_id).data
        self.set_tags({"mlflow.note.content": describe_run(data.tags, data.metrics)})
        metrics: dict[str, float] = data.metrics
        return metrics

    def log_output(self, path: Path, rule: Mapping[str, Any]) -> bool:
        """Log a saved catalog entry as its ``metadata.mlflow`` rule says.

        Args:
            path: the entry's file or folder.
            rule: ``artifact``: folder in the run to copy it to; ``metrics``: true if the file is
                what ``parts_to_json`` gives, by which, unless ``digest`` is false, a model finds
                the run; ``pictures`` and ``charts``: see ``tracking.pictures``.

        Returns:
            Whether all of it was logged; else it shows patients, and conf keeps that local.
        """
        if rule.get("metrics"):
            metrics = json.loads(path.read_text(encoding="utf-8"))
            named = list(name_metrics(parts_from_json(metrics)).items())
            for start in range(0, len(named), METRICS_A_BATCH):
                mlflow.log_metrics(dict(named[start : start + METRICS_A_BATCH]))
            if rule.get("digest", True):
                mlflow.set_tag(METRICS_TAG, metrics_digest(metrics))
        if shows_pictures(rule) and not self._log_pictures:
            for chart in charts_of(path, rule):
                mlflow.log_artifact(str(chart), rule["artifact"])
            return False
        if "artifact" in rule and path.is_dir():
            mlflow.log_artifacts(str(path), rule["artifact"])
        elif "artifact" in rule:
            mlflow.log_artifact(str(path), rule["artifact"])
        return True

    def close(self, status: str) -> None:
        """End the run: ``FINISHED``, ``FAILED`` or ``KILLED``."""
        atexit.unregister(self.close)
        keep = True  # while MLflow does not know of the end
        try:
            if self._monitor:
                finish_monitor(self._monitor)
            # `kedro repro`, whose run it is, goes on with the next stage, or is killed before. What
            # becomes of a job, only its engine knows.
            goes_on = job_id() or (self.joined and has_keeper() and status == "FINISHED")
            mlflow.end_run("RUNNING" if goes_on else status)
            keep = self._may_go_on and status == "KILLED"
        finally:
            if self._marker:
                self._marker.close(keep)


def _find_joined(experiment: str, name: str, tags: Mapping[str, str]) -> str | None:
    """The run that this process is to join; None for one of its own."""
    job = job_id()
    if job:  # Kubeflow, too, may set MLFLOW_RUN_ID: to a run of each task
        return join_job(experiment, job, name, tags)
    named = os.environ.get("MLFLOW_RUN_ID") or None
    if named:
        _require_open(named)
    return named


def _require_open(run_id: str) -> None:
    """Refuse to write over the figures of a run that has ended, under its commit and parameters."""
    status = MlflowClient().get_run(run_id).info.status
    if status not in ("RUNNING", "SCHEDULED"):
        raise TrackingError(
            f"MLFLOW_RUN_ID names a run that has ended ({run_id}, {status}), and would get other "
            "figures: unset it"
        )


def flatten(parameters: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested mappings as one: keys joined with dots. A list is a leaf; one of mappings, as JSON.

    So is a mapping from words of the data, as of a hospital's labels, that are no names to MLflow.
    """
    flat: dict[str, Any] = {}
    for key, value in parameters.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping) and all(map(_NAME.fullmatch, map(str, value))):
            flat |= flatten(value, f"{name}.")
        elif isinstance(value, Mapping) or (
            isinstance(value, list) and any(isinstance(item, Mapping) for item in value)
        ):
            flat[name] = json.dumps(value, ensure_ascii=False)
        else:
            flat[name] = value
    return flat
