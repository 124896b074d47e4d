"""The state of an environment's stages: which of them would make what is already there."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from kedro.framework.project import pipelines
from kedro.io import DataCatalog
from kedro.pipeline import Pipeline

from dermaflow.errors import ParameterError
from dermaflow.params.dotted_keys import differing_keys
from dermaflow.schema import ALL_STAGES, pipeline_of
from dermaflow.versioning.dvc.lock import Entry, read_lock, record_of
from dermaflow.versioning.dvc.tracked_files import Tracked, split_tracked
from dermaflow.versioning.stages.catalog_places import read_entries
from dermaflow.versioning.stages.fingerprint import HashCache
from dermaflow.versioning.stages.raw_inputs import external_paths, external_state
from dermaflow.versioning.stages.run_files import RunFiles
from dermaflow.versioning.stages.stage_dependencies import (
    CatalogEntry,
    Stage,
    code_root,
    describe_stage,
    select_parameters,
    stage_nodes,
)
from dermaflow.versioning.stages.stage_locks import StageLocks
from dermaflow.versioning.stages.stage_records import RECORDS, StageRecord, StageRecords

# Entries of the catalog that a hook puts there: MLflow's store, and the project's root.
TRACKING_URI = "tracking_uri"
PROJECT_PATH = "project_path"


class Workspace:
    """Stages of one environment as they are now on disk.

    A run has one, which the project's runner makes and hands to the hooks.

    Args:
        project_path: root of the project; all paths are relative to it.
        catalog: of the environment.
    """

    def __init__(self, project_path: Path, catalog: DataCatalog) -> None:
        self.project_path = project_path
        self.records: StageRecords = catalog.load(RECORDS)
        self.hashes = HashCache(self.records.folder / "hashes.json")
        self.files = RunFiles(project_path, self.hashes)
        self.locks = StageLocks(self.records.folder)
        self.parameters: dict[str, Any] = catalog.load("parameters")
        self.catalog = catalog
        self._values: dict[str, str] = {TRACKING_URI: catalog.load(TRACKING_URI)}
        self._stages: dict[str, Stage] = {}

    def failed_folder(self, name: str) -> Path:
        """Where a stage that failed leaves what it had made."""
        return self.records.folder.parent / "failed" / name

    def stage(self, name: str) -> Stage:
        """Files and parameters of a stage."""
        if name not in self._stages:
            nodes = self.nodes(name)
            for dataset in sorted(nodes.datasets()):
                if dataset not in self._entries and not is_parameter(dataset):
                    raise ParameterError(
                        f"{name}: {dataset!r} has no file: give it an entry in "
                        "conf/base/catalog.yml, so that the stage can be skipped and resumed"
                    )
            self._stages[name] = describe_stage(name, nodes, self._entries)
        return self._stages[name]

    def nodes(self, name: str) -> Pipeline:
        """All nodes of a stage."""
        if pipeline_of(name) not in pipelines:  # Kedro has loaded only those that were asked for
            pipelines.set_requested(None)
        return stage_nodes(pipelines, name)

    def outputs(self, name: str) -> dict[str, Path]:
        """Dataset -> where it is, of all that a stage saves."""
        stage = self.stage(name)
        return {dataset: self.project_path / path for dataset, path in stage.outputs.items()}

    def working_folders(self, name: str) -> list[Any]:
        """The catalog's entries in which the stage keeps what it needs to go on after a crash."""
        names = sorted(self.nodes(name).inputs())
        unseen = [n for n in names if n in self._entries and not self._entries[n].is_input]
        entries = [self.catalog.get(dataset) for dataset in unseen]
        return [entry for entry in entries if hasattr(entry, "made_from")]

    def metadata(self, dataset: str) -> Mapping[str, Any]:
        """What the catalog says of a dataset under ``metadata``."""
        return self._entries[dataset].metadata if dataset in self._entries else {}

    @cached_property
    def _entries(self) -> dict[str, CatalogEntry]:
        """What the catalog says of datasets that have a file, by paths from the project's root."""
        entries = read_entries(self.catalog)
        return {
            name: replace(entry, path=self.relative(entry.path)) for name, entry in entries.items()
        }

    def now(self, name: str) -> StageRecord:
        """What the stage would be made from now, and what is there of its outputs."""
        stage = self.stage(name)
        tracked, untracked = self._external(name)
        # What DVC keeps track of and was not fetched is, to all that follows, what git says of it.
        raw = {path: self._hash_one(path) or item.md5 for path, item in tracked.items()}
        return StageRecord(
            deps=self._hash(*stage.code, *stage.inputs.values()) | raw,
            parameters=select_parameters(self.parameters, stage.groups),
            external=external_state(stage, untracked, self._values, self.hashes),
            outs=self._hash(*stage.outputs.values()),
        )

    def code(self, name: str) -> dict[str, str | None]:
        """Path -> hash of the code that a stage runs, as it is there now."""
        return self._hash(*self.stage(name).code)

    def tracked(self, name: str) -> Mapping[str, Tracked]:
        """What the stage reads from outside and DVC keeps track of, by its path."""
        return self._external(name)[0]

    def missing_files(self, name: str, now: StageRecord) -> list[str]:
        """Raw files that were there when the stage made what is there now, and are not any more."""
        known = self.records.find(name, now.key)
        read = _there(known.external) if known else {}
        return [self.relative(path) for path in read if now.external.get(path, "") is None]

    def external_versions(self, name: str, now: StageRecord) -> dict[str, str]:
        """Path -> hash of what a stage that is as ``now`` says has read from outside.

        Files that are not here any more have the hash that they had when the stage read them.
        """
        tracked, untracked = self._external(name)
        known = self.records.find(name, now.key)
        external = {**(known.external if known else {}), **_there(now.external)}
        paths = [str(path) for path in untracked]
        hashes = {path: external.get(path) for path in paths} | {p: now.deps[p] for p in tracked}
        return {self.relative(path): value for path, value in hashes.items() if value}

    def _external(self, name: str) -> tuple[dict[str, Tracked], list[Path]]:
        return split_tracked(self.project_path, external_paths(self.stage(name), self.parameters))

    def consistent(self) -> dict[str, StageRecord]:
        """Stages whose outputs come from what is there now, as do all those before them."""
        found: dict[str, StageRecord] = {}
        for name in ALL_STAGES:
            now = self.now(name)
            if self.producers(name) <= found.keys() and self.is_unchanged(name, now):
                found[name] = now
        return found

    def producers(self, name: str) -> set[str]:
        """Stages whose outputs the stage reads."""
        return set(self.origins(name).values())

    def with_producers(self, names: Container[str]) -> list[str]:
        """Stages, those that made what they read, and so on back, in the order of the data."""
        found = set[str]()
        for name in reversed(ALL_STAGES):
            if name in names or name in found:
                found |= {name, *self.producers(name)}
        return [name for name in ALL_STAGES if name in found]

    def origins(self, name: str) -> dict[str, str]:
        """Path of each input of a stage -> stage that writes it."""
        writers = {
            path: other
            for other in ALL_STAGES[: ALL_STAGES.index(name)]
            for path in self.stage(other).outputs.values()
        }
        return {path: writers[path] for path in self.stage(name).inputs.values() if path in writers}

    def written(self, name: str, path: str) -> list[str]:
        """Hashes that a stage's output may have: any that the stage, or DVC's lock, gave it.

        The likeliest first: what it is taken for now, then what the lock says.
        """
        locked = self.locked(name)
        hashes = [locked.outs.get(path) if locked else None, *self.records.written(name, path)]
        known = list(dict.fromkeys(value for value in hashes if value))
        return sorted(known, key=lambda value: value != self._hash_one(path))

    def is_unchanged(self, name: str, now: StageRecord) -> bool:
        """Whether running the stage would make again what is there."""
        known = self.records.find(name, now.key)
        if known and known.confirms(now):
            return True
        locked = self.locked(name)
        return locked is not None and locked.confirms(now)

    def has_same_data(self, name: str, now: StageRecord) -> bool:
        """Whether what lies there was made of the same data and parameters, by whatever code."""
        last = self.records.latest(name) or self.locked(name)
        inputs = self.stage(name).inputs.values()
        return last is not None and [last.parameters, *map(last.deps.get, inputs)] == [
            now.parameters,
            *map(now.deps.get, inputs),
        ]

    def reasons(self, name: str, now: StageRecord) -> str:
        """Why the stage is to run, in a few words."""
        last = self.records.latest(name) or self.locked(name)
        missing = [path for path, value in now.outs.items() if value is None]
        if missing and (last is None or len(missing) == len(now.outs)):
            return "no outputs yet"
        if last is None:
            return "outputs of unknown origin"
        parameters = {group: last.parameters.get(group) for group in now.parameters}
        found = {
            "parameters": differing_keys(parameters, now.parameters),
            "data from outside": differing_keys(last.external, now.external),
            "inputs or code": differing_keys(last.deps, now.deps),
            "outputs": differing_keys(last.outs, now.outs),
        }
        texts = [f"{what} changed ({_few(names)})" for what, names in found.items() if names]
        return "; ".join(texts) or "its last run is not on record"

    def locked(self, name: str) -> StageRecord | None:
        """What the environment's ``dvc.lock`` says of the stage."""
        entry = self._locks.get(name)
        return record_of(entry, self.stage(name).groups) if entry else None

    @cached_property
    def _locks(self) -> dict[str, Entry]:
        """Entries of the locks with outputs of this environment, which has a root of its own."""
        found: dict[str, Entry] = {}
        for path in (*self.project_path.glob("conf/**/dvc.lock"), self.project_path / "dvc.lock"):
            entries = read_lock(path)
            for name, entry in entries.items():
                outs = {out["path"] for out in entry.get("outs", ())}
                if name in ALL_STAGES and outs == set(self.stage(name).outputs.values()):
                    found |= entries
                    break
        return found

    def _hash(self, *paths: str) -> dict[str, str | None]:
        return {path: self._hash_one(path) for path in paths}

    def _hash_one(self, path: str) -> str | None:
        code = PurePosixPath(path)
        if code.is_relative_to("src"):
            return self.hashes.hash(code_root(self.project_path) / code.relative_to("src"))
        return self.hashes.hash(self.project_path / path)

    def relative(self, path: Any) -> str:
        """A path as records and DVC write it: from the project's root, where it is below it."""
        absolute = Path(path)
        if absolute.is_relative_to(self.project_path):
            absolute = absolute.relative_to(self.project_path)
        return absolute.as_posix()


def is_parameter(dataset: str) -> bool:
    """Whether a node's input is a parameter and no data."""
    return dataset == "parameters" or dataset.startswith("params:")


def _there(hashes: Mapping[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in hashes.items() if value is not None}


def _few(names: list[str]) -> str:
    shown = ", ".join(names[:3])
    return f"{shown} and {len(names) - 3} more" if len(names) > 3 else shown
