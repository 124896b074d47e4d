"""What is asked of a version before it gets an alias, and what is found."""

from __future__ import annotations

from dataclasses import dataclass

from mlflow.entities.model_registry import ModelVersion

from dermaflow.registry.alias_decisions import UNKNOWN
from dermaflow.registry.compare_holder import test_set_digest
from dermaflow.registry.gates import Check
from dermaflow.registry.judge_registered import Others, judge_registered
from dermaflow.registry.model_registry import ModelRegistry


@dataclass(frozen=True)
class Examination:
    """What was found.

    Attributes:
        checks: what was asked, and found.
        digest: of the version's files as they are now.
        data_version: that the model was trained on.
        metrics_run: that measured it.
        test_set: digest of the images that it was tested on; empty where they are not known.
    """

    checks: tuple[Check, ...]
    digest: str = UNKNOWN
    data_version: str = UNKNOWN
    metrics_run: str = UNKNOWN
    test_set: str = ""


def examine_version(
    registry: ModelRegistry,
    version: ModelVersion,
    holder: ModelVersion | None,
    first: ModelVersion | None,
    digest: str | None,
) -> Examination:
    """Judge a version by its own evidence, against the holder and the first champion.

    Args:
        registry: of the model.
        version: to judge.
        holder: of the alias that it is to get; None where no other version has it.
        first: the first champion; None where there was none.
        digest: that the version must have; None for that of its registration.

    Raises:
        IntegrityError: its files are not those that were registered, or not the pinned ones.
        RegistryError: its evidence cannot be read.
    """
    judged = judge_registered(
        registry.client,
        version,
        Others(holder, first),
        registry.parameters,
        registry.env,
        registry.images,
        digest=digest,
    )
    return Examination(
        checks=tuple(judged.checks),
        digest=judged.digest,
        data_version=judged.evidence.data_version,
        metrics_run=judged.evidence.metrics_run,
        test_set=test_set_digest(judged.evidence),
    )
