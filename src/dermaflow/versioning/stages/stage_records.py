"""Records of what each stage was made from and what it made.

Layout of the folder of records, one an environment::

    hashes.json              see ``HashCache``
    <stage>.lock, .users     see ``StageLocks``
    <stage>/<key>.json       a ``StageRecord``, under a digest of what it was made from
    <stage>/pending.json     of outputs that are whole, but not all in their place yet
    <stage>/written.json     path of each output -> its hash when it was last written

Older records stay, so that an older state that comes back (by ``dvc checkout``, say) is known.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from dermaflow.io.atomic_files import durable_file

RECORDS = "stage_records"  # the catalog's entry for the folder
PENDING = "pending"
WRITTEN = "written"


@dataclass(frozen=True)
class StageRecord:
    """What a stage is made from, and what it made. Paths are relative to the project.

    Attributes:
        deps: path of each input and piece of code -> its hash, None where there is nothing.
        parameters: the groups of parameters that the stage reads, as they are in effect.
        external: what else decides the outputs, raw files for one -> its hash or value, None where
            it is not there to be looked at.
        outs: path of each output -> its hash, None where there is nothing.
    """

    deps: Mapping[str, str | None]
    parameters: Mapping[str, Any]
    external: Mapping[str, str | None]
    outs: Mapping[str, str | None]

    @property
    def key(self) -> str:
        """Digest of what the stage is made from, less ``external``."""
        facts = [self.deps, self.parameters, sorted(self.outs)]
        return hashlib.md5(json.dumps(facts, sort_keys=True).encode()).hexdigest()

    @property
    def made_from(self) -> dict[str, Any]:
        """All that decides the outputs, nested and ready for JSON."""
        return {
            "inputs or code": dict(self.deps),
            "parameters": dict(self.parameters),
            "external": dict(self.external),
        }

    @property
    def complete(self) -> bool:
        """Whether all inputs and outputs are there."""
        return None not in (*self.deps.values(), *self.outs.values())

    def confirms(self, now: StageRecord) -> bool:
        """Whether this record says that the outputs of ``now`` come from its inputs.

        What is external and gone is no reason to doubt: outputs are shared without raw images.
        """
        external = {name: value for name, value in now.external.items() if value is not None}
        return now.complete and self.agrees(now) and external.items() <= self.external.items()

    def agrees(self, now: StageRecord) -> bool:
        """Whether both say the same of all that DVC knows, which is not what is external."""
        return (self.deps, self.parameters, self.outs) == (now.deps, now.parameters, now.outs)


class StageRecords:
    """The records of one environment.

    Args:
        folder: see the module; made when first written to.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def find(self, stage: str, key: str) -> StageRecord | None:
        """The record under a key; None where there is none or it is damaged."""
        return _read(self.folder / stage / f"{key}.json")

    def latest(self, stage: str) -> StageRecord | None:
        """The record that was written last."""
        return next(iter(self._settled(stage)), None)

    def written(self, stage: str, path: str) -> list[str]:
        """Hashes that an output had whenever the stage wrote it, as far as is known; latest first.

        The stage may have run in part or while its inputs changed, which is on no record.
        """
        last = _read_json(self.folder / stage / f"{WRITTEN}.json").get(path)
        hashes = [last, *(record.outs.get(path) for record in self._settled(stage))]
        return list(dict.fromkeys(value for value in hashes if value))

    def _settled(self, stage: str) -> Iterator[StageRecord]:
        """Records of a stage, the latest first."""
        files = (self.folder / stage).glob("*.json")
        kept = [file for file in files if file.stem not in (PENDING, WRITTEN)]
        for file in sorted(kept, key=lambda file: file.stat().st_mtime_ns, reverse=True):
            record = _read(file)
            if record:
                yield record

    def announce(self, stage: str, record: StageRecord) -> None:
        """Say durably that the stage's new outputs are whole and about to be put in place."""
        _write(self.folder / stage / f"{PENDING}.json", asdict(record))

    def announced(self, stage: str) -> StageRecord | None:
        """What was announced and neither settled nor withdrawn."""
        return _read(self.folder / stage / f"{PENDING}.json")

    def settle(self, stage: str) -> None:
        """The announced outputs are in place: keep their record, if it is a complete one."""
        pending = self.folder / stage / f"{PENDING}.json"
        record = _read(pending)
        if record:
            written = self.folder / stage / f"{WRITTEN}.json"
            _write(written, {**_read_json(written), **record.outs})
        if record and record.complete:
            pending.replace(pending.with_name(f"{record.key}.json"))
        else:
            pending.unlink(missing_ok=True)


def _read(file: Path) -> StageRecord | None:
    try:
        return StageRecord(**_read_json(file))
    except TypeError:
        return None


def _read_json(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _write(file: Path, content: Mapping[str, Any]) -> None:
    with durable_file(file) as partial:
        partial.write_text(json.dumps(content, indent=1, sort_keys=True), encoding="utf-8")
