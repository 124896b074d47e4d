"""What is known of a model, kept in its own folder: promotion rests on nothing else.

The run that measured a model may be deleted, and its metrics overwritten. These two files are
covered by the digest of the model's folder.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from dermaflow.errors import RegistryError
from dermaflow.io.text import one_line
from dermaflow.ml.evaluation.estimate import Estimate, Scores, parts_from_json, parts_to_json
from dermaflow.schema import EXTERNAL, SPLITS, probability_columns

FOLDER = "evidence"  # of the two files, among the model's artifacts
FIGURES_FILE, IMAGES_FILE = "evidence.json", "images.parquet"

UNKNOWN = "unknown"  # an environment or run that nobody named

# A metric is a share, within [0, 1], unless its name ends in one of these, which may exceed 1.
ABOVE_ONE = ("images", "groups", "support", "log_loss", "log_loss_uncalibrated", "set_size")

_TEXTS = ("image", "group", "content", "split", "source", "label")
_SHOWN = 200  # characters of another library's error
_ROUNDING = 1e-6


@dataclass(frozen=True)
class Evidence:
    """What a model was measured on, and with what result.

    Attributes:
        parts: metrics by part of the data: ``test``, ``val``, ``external/<source>``.
        environment: whose conf the model was made by.
        data_version: of the manifest that it was trained on.
        metrics_run: id of the run that measured it, or "unknown".
        classes: codes, in the order of the network's outputs.
        groups_across_splits: lesions or patients on two sides of the split.
        broken: expectations that should have stopped the run and were not met.
        confidence: of the intervals.
        resamples: of the bootstrap.
        images: see ``image_table``.
    """

    parts: dict[str, Scores]
    environment: str
    data_version: str
    metrics_run: str
    classes: tuple[str, ...]
    groups_across_splits: int
    broken: tuple[str, ...]
    confidence: float
    resamples: int
    images: pd.DataFrame

    @classmethod
    def from_figures(cls, values: Mapping[str, Any], images: pd.DataFrame) -> Evidence:
        """From what ``figures`` gives; raises nearly anything for something else."""
        return cls(
            parts=dict(parts_from_json(values["parts"])),
            environment=values["environment"],
            data_version=values["data_version"],
            metrics_run=values["metrics_run"],
            classes=tuple(values["classes"]),
            groups_across_splits=values["groups_across_splits"],
            broken=tuple(values["broken"]),
            confidence=values["confidence"],
            resamples=values["resamples"],
            images=images,
        )

    @property
    def figures(self) -> dict[str, Any]:
        """All but the images, for JSON."""
        return {
            "parts": parts_to_json(self.parts),
            "environment": self.environment,
            "data_version": self.data_version,
            "metrics_run": self.metrics_run,
            "classes": list(self.classes),
            "groups_across_splits": self.groups_across_splits,
            "broken": list(self.broken),
            "confidence": self.confidence,
            "resamples": self.resamples,
        }


def image_table(
    manifest: pd.DataFrame, predictions: pd.DataFrame, classes: list[str]
) -> pd.DataFrame:
    """Every image that the model was trained or tested on, without any name from the source.

    Args:
        manifest: as validate wrote it.
        predictions: of the images that were tested, with ``p_<class>``.
        classes: codes.

    Returns:
        A row an image: ``image``, ``group`` and ``content``, each 16 hex digits of a SHA-256 (of
        the image's id, the group's id, and the image's own hash), ``split``, ``source``, ``label``,
        and ``p_<class>`` (float32; NaN of images that were not tested).
    """
    columns = probability_columns(classes)
    used = manifest[manifest["split"].isin((*SPLITS, EXTERNAL))]
    of_image = predictions.set_index("image_id")[columns].reindex(used["image_id"])
    table = pd.DataFrame(
        {
            "image": used["image_id"].map(hide_name),
            "group": used["group_id"].map(hide_name),
            "content": used["sha256"].map(hide_name),
            **{name: used[name].astype(str) for name in ("split", "source", "label")},
        }
    ).reset_index(drop=True)
    table[columns] = of_image.to_numpy(np.float32)
    return table


def hide_name(name: object) -> str:
    """First 16 hex digits of a SHA-256 of a name: equal names stay equal."""
    return hashlib.sha256(str(name).encode()).hexdigest()[:16]


def write_evidence(folder: Path, evidence: Evidence) -> None:
    """Write both files; ``folder`` is made. Raises RegistryError for what is impossible."""
    _check(evidence)
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(evidence.figures, indent=2, allow_nan=False) + "\n"
    (folder / FIGURES_FILE).write_text(text, encoding="utf-8")
    evidence.images.to_parquet(folder / IMAGES_FILE, index=False)


def read_evidence(folder: Path) -> Evidence:
    """Read both files.

    Raises:
        RegistryError: one is missing or unreadable, or says what cannot be, such as a share above
            1, an interval whose ends are swapped, or figures of more images than there are.
    """
    file = folder / FIGURES_FILE
    try:
        values: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        file = folder / IMAGES_FILE
        images = pd.read_parquet(file)
        file = folder / FIGURES_FILE
        evidence = Evidence.from_figures(values, images)
    except FileNotFoundError as error:
        raise RegistryError(f"evidence: {file.name} is missing") from error
    except Exception as error:  # parsers raise nearly anything on damaged bytes
        reason = one_line(f"{type(error).__name__}: {error}", _SHOWN)
        raise RegistryError(f"evidence: {file.name} is not readable: {reason}") from error
    _check(evidence)
    return evidence


def _check(evidence: Evidence) -> None:
    """Raise RegistryError for the first thing that cannot be."""
    texts = [evidence.environment, evidence.data_version, evidence.metrics_run]
    texts += [*evidence.classes, *evidence.broken]
    counts = [evidence.groups_across_splits, evidence.resamples]
    _require(all(isinstance(text, str) and text for text in texts), "a text is missing")
    _require(all(type(count) is int and count >= 0 for count in counts), "a count is none")
    is_share = _is_number(evidence.confidence) and 0 < evidence.confidence < 1
    _require(is_share, f"the confidence is {evidence.confidence!r}")
    _require(len(set(evidence.classes)) == len(evidence.classes) > 1, "fewer than two classes")
    _require("test" in evidence.parts, "no figure is of the test split")
    for part, scores in evidence.parts.items():
        for metric, estimate in scores.items():
            _check_estimate(f"{part}/{metric}", estimate)
    _check_images(evidence.images, evidence.classes)
    for part, scores in evidence.parts.items():
        _check_count(part, scores, evidence.images, evidence.classes)


def _check_estimate(name: str, estimate: Estimate) -> None:
    numbers = [estimate.value, *(end for end in (estimate.low, estimate.high) if end is not None)]
    highest = math.inf if name.rpartition("/")[2] in ABOVE_ONE else 1 + _ROUNDING
    for number in numbers:
        possible = _is_number(number) and -_ROUNDING <= number <= highest
        _require(possible, f"{name} is {number!r}")
    if estimate.low is not None and estimate.high is not None:
        ends = f"{estimate.low} to {estimate.high}"
        _require(estimate.low <= estimate.high, f"the interval of {name} is {ends}")
    if estimate.groups is not None:
        counted = type(estimate.groups) is int and estimate.groups >= 0
        _require(counted, f"{name} is of {estimate.groups!r} groups")


def _check_images(images: pd.DataFrame, classes: tuple[str, ...]) -> None:
    """Raise RegistryError unless each image is there once, with probabilities or without any."""
    columns = probability_columns(list(classes))
    _require([*images.columns] == [*_TEXTS, *columns], f"the columns of {IMAGES_FILE} are others")
    _require(not images[list(_TEXTS)].isna().any(axis=None), f"{IMAGES_FILE} has empty cells")
    _require(images["image"].is_unique, f"an image is twice in {IMAGES_FILE}")
    _require(images["split"].isin((*SPLITS, EXTERNAL)).all(), f"{IMAGES_FILE} has an unknown split")
    numbers = images[columns].to_numpy(np.float64)
    tested = ~np.isnan(numbers).all(axis=1)
    sums = numbers[tested].sum(axis=1)  # NaN where one of a row is
    possible = (numbers[tested] >= 0).all() and np.allclose(sums, 1, atol=1e-3)
    _require(bool(possible), f"{IMAGES_FILE} has probabilities that do not add up to 1")
    of_train = images["split"].eq("train").to_numpy()
    _require(not (of_train & tested).any(), "a training image was tested")


def _check_count(part: str, scores: Scores, images: pd.DataFrame, classes: tuple[str, ...]) -> None:
    """Raise RegistryError unless a part's figures are of as many images as the table holds."""
    kind, _, source = part.partition("/")
    if "images" not in scores or kind not in (*SPLITS, EXTERNAL):
        return
    rows = images["split"].eq(kind) & (images["source"].eq(source) if source else True)
    tested = int((rows & images[f"p_{classes[0]}"].notna()).sum())
    said = scores["images"].value
    _require(said == tested, f"{part} is of {said:g} images, but {IMAGES_FILE} has {tested}")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _require(condition: bool, text: str) -> None:
    if not condition:
        raise RegistryError(f"evidence: {text}")
