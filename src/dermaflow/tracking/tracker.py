"""What goes into a run, and when: from its first node to its end, whatever that is."""

from __future__ import annotations

import hashlib
import json
import logging
import traceback
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dermaflow.data.version import read_version
from dermaflow.io.redaction import redact, redact_patch
from dermaflow.tracking.outage import unheard
from dermaflow.tracking.run_description import COMMIT, has_changes
from dermaflow.tracking.run_summary import summarise_run
from dermaflow.tracking.run_tags import raw_tags
from dermaflow.tracking.tracked_run import TrackedRun, flatten
from dermaflow.tracking.tracking_config import TrackingConfig
from dermaflow.tracking.ui_pages import has_server
from dermaflow.versioning.dvc.commit import lock_entry
from dermaflow.versioning.dvc.stage_file import dvc_path
from dermaflow.versioning.git import uncommitted_patch
from dermaflow.versioning.stages.stage_records import StageRecord
from dermaflow.versioning.stages.workspace import Workspace

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
        workspace: the environment's stages; the catalog says in ``metadata.mlflow`` what of their
            data goes to MLflow.
        parameters: everything under ``parameters``.
        name: of the run.
        tags: of the run from its start.
        requested: datasets that the run is to leave up to date.
    """

    project_path: Path
    env: str
    config: TrackingConfig
    workspace: Workspace
    parameters: Mapping[str, Any]
    name: str
    tags: Mapping[str, str]
    requested: Iterable[str]
    _run: TrackedRun | None = None
    _ran: list[str] = field(default_factory=list)
    _logged: set[str] = field(default_factory=set)
    _versions: dict[str, StageRecord] = field(default_factory=dict)
    _data_version: str = ""

    def open(self) -> None:
        """Open the run, unless it is open."""
        if self._run:
            return
        notes = self.workspace.records.folder / "open_runs"
        patch = b""
        if has_changes(self.tags):
            patch = uncommitted_patch(self.project_path)
            if not patch:
                logger.warning("git cannot tell what has changed: the run will not say it either")
        self._run = TrackedRun(self.config, self.name, self.tags, notes, self._does(patch))
        self._run.log_parameters(self.parameters)
        if patch:
            self._run.log_content(redact_patch(patch), PATCH)

    def log_stage(self, stage: str, outputs: Mapping[str, Path]) -> None:
        """Log what a stage has made, and of what.

        A run that is killed later has said by then which data its figures are of.
        """
        self.open()
        assert self._run
        self._ran.append(stage)
        self._run.extend_tag("stages", self._ran)
        self._log_outputs(outputs)
        self._log_versions()

    def log_failed_stage(self, outputs: Mapping[str, Path]) -> None:
        """Log what a stage had made before it failed: the reports that say why."""
        if self._run:
            with unheard("The failed stage's reports"):
                self._log_outputs(outputs)

    def finish(self) -> None:
        """Log what was up to date already, and close the run."""
        if not self._run:
            return
        try:
            self._log_unchanged()
            metrics, page, joined = self._run.describe(), self._run.page, self._run.joined
            self._close("FINISHED")
        except Exception as error:
            self.fail(error)  # Kedro says nothing more of it
            raise
        if not joined:  # what joins several processes into one run tells of it itself
            folder = self.workspace.relative(self.workspace.records.folder.parent / "08_reporting")
            for line in summarise_run(metrics, self.env, folder, page, not has_server(self.config)):
                logger.info("%s", line)

    def fail(self, error: BaseException, status: str = "FAILED") -> None:
        """Log the traceback and close the run as failed or killed.

        What stopped the run may stop this, too, and is the one to be heard of.
        """
        if not self._run:
            return
        last = redact(str(error)).strip().splitlines()
        text = redact("".join(traceback.format_exception(error)))
        with unheard("The run's end"):
            self._run.set_tags({"error": f"{type(error).__name__}: {last[0] if last else ''}"})
            self._run.log_content(text, "error/traceback.txt")
            self._log_versions()
            self._run.describe()
        logger.info("The run in MLflow: %s", self._run.page)
        with unheard("The run's status"):
            self._close(status)

    def _log_unchanged(self) -> None:
        assert self._run
        consistent = self._log_versions()
        requested = set(self.requested)
        unchanged = {
            name: path
            for stage in consistent
            for name, path in self.workspace.outputs(stage).items()
            if name in requested - self._logged
        }
        self._log_outputs(unchanged)
        if not self._run.joined:  # of one that several processes join, each ran something
            self._run.extend_tag("unchanged", consistent.keys() - self._run.stages())

    def _close(self, status: str) -> None:
        assert self._run
        self._run.close(status)
        self._run = None

    def _does(self, patch: bytes) -> str:
        """Digest of what the run is to do: stages, parameters and code."""
        # Kedro reads files in any order, and so gives parameters.
        parameters = sorted((key, str(value)) for key, value in flatten(self.parameters).items())
        facts = [self.name, parameters, self.tags.get(COMMIT)]
        return hashlib.sha256(repr(facts).encode() + patch).hexdigest()

    def _rule(self, name: str) -> dict[str, Any]:
        """What of a dataset goes to MLflow."""
        rule: dict[str, Any] = self.workspace.metadata(name).get("mlflow", {})
        return rule

    def _log_outputs(self, outputs: Mapping[str, Path]) -> None:
        assert self._run
        self.workspace.files.require(*map(self.workspace.relative, outputs.values()))
        kept = []
        for name, path in outputs.items():
            rule = self._rule(name)
            if rule and not self._run.log_output(path, rule):
                kept.append(self.workspace.relative(path))
            self._logged.add(name)
        if kept:
            self._run.keep_local(kept)
            logger.info("Not logged, as it shows patients (log_pictures): %s", ", ".join(kept))

    def _log_versions(self) -> Consistent:
        """Hashes as tags to search by, and lock entries by which the state can be restored."""
        assert self._run
        self.workspace.files.require_all()
        consistent = self.workspace.consistent()
        tags = self._version_tags(consistent)
        self._run.set_tags(tags)
        if "data_version" in tags and tags["data_version"] != self._data_version:
            manifest = self.workspace.outputs("validate")["manifest"]
            self._run.log_data(manifest, self.workspace.relative(manifest))
            self._data_version = tags["data_version"]
        self._log_outputs(self._reports_of_data(consistent))
        if dvc_path(self.project_path, self.env).exists():
            for stage, record in consistent.items():
                if self._versions.get(stage) != record:
                    entry = lock_entry(self.workspace, self.env, stage, record)
                    self._run.log_content(json.dumps(entry, indent=1), f"{VERSIONS}/{stage}.json")
                    self._versions[stage] = record
        return consistent

    def _version_tags(self, consistent: Consistent) -> dict[str, str]:
        stages = [self.workspace.stage(name) for name in self._ran]
        used = {name for stage in stages for name in (*stage.inputs, *stage.outputs)}
        tags: dict[str, str] = {}
        for stage, record in consistent.items():
            for name, path in self.workspace.stage(stage).outputs.items():
                if self._rule(name).get("version") and name in used:
                    tags[f"md5.{name}"] = str(record.outs[path])
        if "ingest" in consistent:
            tags |= raw_tags(self.workspace.external_versions("ingest", consistent["ingest"]))
        if "md5.manifest" in tags:
            tags["data_version"] = read_version(self.workspace.outputs("validate")["manifest"])
        return tags

    def _reports_of_data(self, consistent: Consistent) -> dict[str, Path]:
        """What every run is to hold of the data it stands on, though an earlier one made it."""
        return {
            name: path
            for stage in consistent
            for name, path in self.workspace.outputs(stage).items()
            if self._rule(name).get("always") and name not in self._logged
        }
