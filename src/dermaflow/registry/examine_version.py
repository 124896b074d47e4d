"""What is asked of a version before it gets an alias, and what is found."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

import pandas as pd
from mlflow.entities.model_registry import ModelVersion

from dermaflow.errors import IntegrityError
from dermaflow.registry.alias_decisions import UNKNOWN
from dermaflow.registry.gates import Check, judge
from dermaflow.registry.model_registry import ModelRegistry
from dermaflow.registry.versions import read_facts
from dermaflow.tracking.metrics_digest import METRICS_RUN_TAG

DIGEST_TAG = "digest"  # of a version, made when it was registered


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
    found = verify_digest(version, digest)
    facts = read_facts(registry.client, version)
    parameters = registry.parameters
    checks = judge(facts, parameters.promote, parameters.evaluate, registry.env)
    return Examination(
        checks=tuple(checks),
        digest=found,
        data_version=version.tags.get("data_version", UNKNOWN),
        metrics_run=version.tags.get(METRICS_RUN_TAG) or facts.run_id or UNKNOWN,
    )


def verify_digest(version: ModelVersion, digest: str | None = None) -> str:
    """Digest of a version's files.

    Args:
        version: whose files are looked at.
        digest: that they must have; None for that of the registration.

    Raises:
        IntegrityError: they have another one.
    """
    found: str = version.tags.get(DIGEST_TAG, UNKNOWN)
    if digest is not None and digest != found:
        raise IntegrityError(
            f"version {version.version} of {version.name} has the digest {found}, not {digest}"
        )
    return found


def digest_test_set(images: pd.DataFrame) -> str:
    """Digest of the images of a test set, whatever their order.

    Args:
        images: of a model's evidence, with ``content``, ``split`` and ``label``.

    Returns:
        16 hex digits. Another label is another test set.
    """
    test = images.loc[images["split"] == "test", ["content", "label"]]
    lines = sorted(f"{content} {label}" for content, label in test.itertuples(index=False))
    return sha256("\n".join(lines).encode()).hexdigest()[:16]
