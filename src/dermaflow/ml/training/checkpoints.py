"""Checkpoints of a training: one safetensors file each, whole or not there, the last two kept.

The file's header holds, as JSON, what is no tensor, what the training is made from, and a checksum
over all of it. No pickle.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from dermaflow.io.atomic_files import durable_file, remove_abandoned, written_by_safetensors
from dermaflow.io.full_disk import is_full
from dermaflow.params.dotted_keys import differing_keys

KEPT = 2  # the last one, and the one before for the day the last cannot be read

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Checkpoint:
    """A training as it was after some update.

    Attributes:
        steps: updates done.
        tensors: on the CPU, in memory of their own.
        facts: the rest, JSON-ready.
    """

    steps: int
    tensors: dict[str, Tensor]
    facts: dict[str, Any]


class CheckpointError(Exception):
    """A file is no checkpoint, or is damaged; the text says how it is known."""


class Checkpoints:
    """The checkpoints of one training.

    Args:
        folder: where they lie; nothing else may.
        made_from: nested, JSON-ready: all that decides what the training does. A checkpoint of
            another is refused.
    """

    def __init__(self, folder: str | Path, made_from: Mapping[str, Any]) -> None:
        self._folder = Path(folder)
        self._made_from: dict[str, Any] = json.loads(json.dumps(made_from))

    def save(self, checkpoint: Checkpoint) -> bool:
        """Write a checkpoint durably, then remove all but the last two of this training.

        Returns:
            Whether it was written: on a full disk it is not, and what is there stays.
        """
        path = self._folder / f"{self._digest}_{checkpoint.steps:09d}.safetensors"
        remove_abandoned(self._folder)
        try:
            with durable_file(path) as partial:
                write_checkpoint(partial, checkpoint, self._made_from)
        except OSError as error:
            if not is_full(error):
                raise
            logger.warning(
                "No space left for a checkpoint in %s: training goes on, and would be resumed from "
                "the one before",
                self._folder,
            )
            return False
        kept = self._own()[:KEPT]
        for other in self._folder.glob("*.safetensors"):
            if other not in kept:
                other.unlink()
        return True

    def latest(self) -> Checkpoint | None:
        """The last one of this training that can be read; None where there is none.

        What is passed over, and why, is logged.
        """
        for path in self._own():
            try:
                return read_checkpoint(path)
            except CheckpointError as error:
                logger.warning("Checkpoint %s is passed over: %s", path, error)
        for reason in self._refusals():
            logger.warning("Training starts anew: %s", reason)
        return None

    def has_any(self) -> bool:
        """Whether there is a checkpoint of this training that can be read."""
        return any(map(_is_readable, self._own()))

    @property
    def _digest(self) -> str:
        text = json.dumps(self._made_from, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def _own(self) -> list[Path]:
        """Files of this training, the latest first."""
        return sorted(self._folder.glob(f"{self._digest}_*.safetensors"), reverse=True)

    def _refusals(self) -> Iterator[str]:
        """Why the checkpoints of other trainings are of no use, once for each."""
        others = {path.name.split("_")[0]: path for path in self._folder.glob("*.safetensors")}
        for digest, path in others.items():
            try:
                made_from = _read_header(path)[1]["made_from"] if digest != self._digest else None
            except CheckpointError:
                continue
            if made_from is not None:
                names = ", ".join(differing_keys(made_from, self._made_from))
                yield f"the checkpoint in {self._folder} was made with other {names}"


def write_checkpoint(path: Path, checkpoint: Checkpoint, made_from: Mapping[str, Any]) -> None:
    """Write one file.

    Facts keep their order, so that what goes on from them makes outputs equal to the byte.
    """
    content = {"steps": checkpoint.steps, "facts": checkpoint.facts, "made_from": made_from}
    text = json.dumps(content)
    tensors = {name: tensor.contiguous() for name, tensor in checkpoint.tensors.items()}
    with written_by_safetensors(path):
        save_file(tensors, path, {"content": text, "checksum": _checksum(text, tensors)})


def read_checkpoint(path: Path) -> Checkpoint:
    """Read one file.

    Raises:
        CheckpointError: it is no checkpoint, or is damaged.
    """
    header, content = _read_header(path)
    try:
        tensors = load_file(path)
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"it cannot be read ({error})") from error
    if header["checksum"] != _checksum(header["content"], tensors):
        raise CheckpointError("its checksum is wrong")
    return Checkpoint(content["steps"], tensors, content["facts"])


def _is_readable(path: Path) -> bool:
    try:
        read_checkpoint(path)
    except CheckpointError:
        return False
    return True


def _read_header(path: Path) -> tuple[dict[str, str], dict[str, Any]]:
    """The header as it is, and what is in it but tensors; unchecked. Raises CheckpointError."""
    try:
        with safe_open(path, framework="pt") as file:
            header: dict[str, str] = file.metadata() or {}
        content: dict[str, Any] = json.loads(header["content"])
        header["checksum"], content["steps"], content["facts"], content["made_from"]
    except (SafetensorError, OSError, KeyError, ValueError) as error:
        raise CheckpointError(f"it cannot be read ({error})") from error
    return header, content


def below(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors whose names begin with ``prefix.``, without it."""
    start = f"{prefix}."
    return {k.removeprefix(start): v for k, v in tensors.items() if k.startswith(start)}


def _checksum(text: str, tensors: Mapping[str, Tensor]) -> str:
    digest = hashlib.blake2b(text.encode(), digest_size=16)
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(f"{name} {tensor.dtype} {list(tensor.shape)}".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
