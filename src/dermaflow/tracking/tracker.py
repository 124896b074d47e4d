"""What goes into a run, and when: from its first node to its end, whatever that is."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kedro.io import DataCatalog

from dermaflow.tracking.config import TrackingConfig
from dermaflow.tracking.run import TrackedRun
from dermaflow.validation.lineage import read_version
from dermaflow.versioning.dvc_commit import lock_entry
from dermaflow.versioning.dvc_file import dvc_path
from dermaflow.versioning.git import uncommitted_patch
from dermaflow.versioning.records import StageRecord
from dermaflow.versioning.workspace import Workspace

logger = logging.getLogger(__name__)

Consistent = Mapping[str, StageRecord]

VERSIONS = "versions"  # the run's folder of what it takes to bring its state back
PATCH = f"{VERSIONS}/uncommitted.patch"


@dataclass
class Tracker:
    """One ``kedro run`` as MLflow is to see it.

    The run is opened by the first node, so that one in which nothing changed leaves no trace.

    Attributes:
        project_path: root of the project.
        env: the environment.
        config: resolved; see ``TrackingConfig.resolve``.
        catalog: its entries say in ``metadata.mlflow`` what of them goes to MLflow.
        parameters: everything under ``parameters``.
        name: of the run.
        tags: of the run from its start.
        requested: datasets that the run is to leave up to date.
    """

    project_path: Path
    env: str
    config: TrackingConfig
    catalog: DataCatalog
    parameters: Mapping[str, Any]
    name: str
    tags: Mapping[str, str]
    requested: Iterable[str]
    _run: TrackedRun | None = None
    _ran: list[str] = field(default_factory=list)
    _logged: set[str] = field(default_factory=set)

    def open(self) -> None:
        """Open the run, unless it is open."""
        if self._run:
            return
        marker = self.catalog.load("stage_records").folder / "open_run.json"
        self._run = TrackedRun(self.config, self.name, self.tags, marker)
        self._run.log_parameters(self.parameters)
        if self.tags["git_dirty"] == "true":
            patch = uncommitted_patch(self.project_path)
            self._run.log_text(patch, PATCH)

    def log_stage(self, stage: str, outputs: Mapping[str, Path]) -> None:
        """Log what a stage has made."""
        self.open()
        assert self._run
        self._ran.append(stage)
        self._run.extend_tag("stages", self._ran)
        self._log_outputs(outputs)

    def log_failed_stage(self, outputs: Mapping[str, Path]) -> None:
        """Log what a stage had made before it failed: the reports that say why."""
        if self._run:
            self._log_outputs(outputs)

    def finish(self) -> None:
        """Log what was up to date already, the versions of everything, and close the run."""
        if not self._run:
            return
        unchanged = {
            name: Path(self._entry(name)._filepath)
            for name in sorted(set(self.requested) - self._logged)
            if not name.startswith("params:") and self.catalog.exists(name)
        }
        self._log_outputs(unchanged)
        self._log_versions()
        self._close("FINISHED")

    def fail(self, error: BaseException, status: str = "FAILED") -> None:
        """Log the traceback and close the run as failed or killed."""
        if not self._run:
            return
        try:
            self._log_versions()
        except Exception:  # whatever stopped the run may well stop this, too
            logger.debug("No versions in the failed run", exc_info=True)
        text = "".join(traceback.format_exception(error))
        self._run.log_text(text, "error/traceback.txt")
        last = str(error).strip().splitlines()
        self._run.set_tags({"error": f"{type(error).__name__}: {last[0] if last else ''}"})
        self._close(status)

    def _close(self, status: str) -> None:
        assert self._run
        self._run.describe()
        self._run.close(status)
        self._run = None

    def _entry(self, name: str) -> Any:
        return self.catalog.get(name)

    def _rule(self, name: str) -> dict[str, Any]:
        """What of a dataset goes to MLflow."""
        metadata = getattr(self._entry(name), "metadata", None) or {}
        rule: dict[str, Any] = metadata.get("mlflow", {})
        return rule

    def _log_outputs(self, outputs: Mapping[str, Path]) -> None:
        assert self._run
        for name, path in outputs.items():
            rule = self._rule(name)
            if rule:
                self._run.log_output(path, rule)
            self._logged.add(name)

    def _log_versions(self) -> None:
        """Hashes as tags to search by, and lock entries by which the state can be restored."""
        assert self._run
        workspace = Workspace(self.project_path, self.catalog)
        consistent = workspace.consistent()
        self._run.set_tags(self._version_tags(workspace, consistent))
        self._log_outputs(self._reports_of_data(workspace, consistent))
        if not self._run.joined:  # of one that several processes join, each ran something
            self._run.extend_tag("unchanged", consistent.keys() - set(self._ran))
        if dvc_path(self.project_path, self.env).exists():
            for stage, record in consistent.items():
                entry = lock_entry(workspace, self.env, stage, record)
                self._run.log_text(json.dumps(entry, indent=1), f"{VERSIONS}/{stage}.json")

    def _version_tags(self, workspace: Workspace, consistent: Consistent) -> dict[str, str]:
        stages = [workspace.stage(name) for name in self._ran]
        used = {name for stage in stages for name in (*stage.inputs, *stage.outputs)}
        tags: dict[str, str] = {}
        for stage, record in consistent.items():
            for name, path in workspace.stage(stage).outputs.items():
                if self._rule(name).get("version") and name in used:
                    tags[f"md5.{name}"] = str(record.outs[path])
        if "md5.manifest" in tags:
            tags["data_version"] = read_version(Path(self._entry("manifest")._filepath))
        return tags

    def _reports_of_data(self, workspace: Workspace, consistent: Consistent) -> dict[str, Path]:
        """What every run is to hold of the data it stands on, though an earlier one made it."""
        return {
            name: self.project_path / path
            for stage in consistent
            for name, path in workspace.stage(stage).outputs.items()
            if self._rule(name).get("always") and name not in self._logged
        }
