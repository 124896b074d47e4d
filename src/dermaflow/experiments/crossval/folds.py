"""Cross-validation: which images a fold trains on, is chosen by, and is tested on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from dermaflow.data.validation.leakage import share_leaking
from dermaflow.data.validation.split import (
    count_crossings,
    cut_classes,
    describe_groups,
    number_folds,
)
from dermaflow.errors import ParameterError, ValidationError
from dermaflow.schema import LEAKING, SPLITS

Protocol = Literal["lesion", "image"]


@dataclass(frozen=True)
class Fold:
    """One fold.

    Attributes:
        number: from 1.
        parts: ``train``, ``val`` and ``test`` -> rows of the manifest, in its order.
        leaking: share of the test images of which another of the same group is not tested on.
    """

    number: int
    parts: dict[str, pd.DataFrame]
    leaking: float

    def __str__(self) -> str:
        return ", ".join(f"{side} {len(rows):,} images" for side, rows in self.parts.items())

    @property
    def held_out(self) -> pd.DataFrame:
        """Rows that are not trained on, with their ``side``: val, then test."""
        return pd.concat([self.parts[side].assign(side=side) for side in ("val", "test")])

    @property
    def manifest(self) -> pd.DataFrame:
        """Rows of the training sources, by side, which is their ``split``."""
        return pd.concat([rows.assign(split=side) for side, rows in self.parts.items()])


def make_folds(manifest: pd.DataFrame, protocol: Protocol, val: float, seed: int) -> list[Fold]:
    """Deal the images of the training sources, so that each is tested on in one fold.

    The test images of a fold are, with the protocol ``lesion``, those to which the manifest gives
    its number; with ``image`` every image goes its own way. Validation is cut from the others by
    class, in an order of its own for each fold, as the split is cut (see ``split_groups``).

    Args:
        manifest: as validate writes it; external and synthetic images have no part in it.
        protocol: what is kept whole: lesions and patients, or no more than images.
        val: share of all images that a fold chooses by.
        seed: another seed is another validation part, and with ``image`` another fold.

    Raises:
        ValidationError: an image has no fold, a side of one has no images, or with ``lesion`` a
            lesion or patient is on two sides.
    """
    own = manifest[manifest["split"].isin(SPLITS)]
    if own["fold"].lt(1).any():
        raise ValidationError("manifest: images without a fold; run the validate stage again")
    units, fold = own, own["fold"]
    if protocol == "image":
        units = own.assign(group_id=own["image_id"])
        numbers = number_folds(describe_groups(units), int(own["fold"].max()), seed)
        fold = units["group_id"].map(numbers)
    return [
        _describe(own, number, sides, protocol) for number, sides in _sides(units, fold, val, seed)
    ]


def require_folds(numbers: Iterable[int], folds_in_all: int) -> None:
    """Raise ParameterError for the number of a fold that there is not."""
    for number in numbers:
        if number > folds_in_all:
            raise ParameterError(
                f"crossval.folds: there is no fold {number}; validate made {folds_in_all} "
                "(validate.split.folds)"
            )


def _sides(
    units: pd.DataFrame, fold: pd.Series, val: float, seed: int
) -> Iterator[tuple[int, pd.Series]]:
    """Number of each fold, and the side of each row in it."""
    for number in range(1, int(fold.max()) + 1):
        others = units[fold != number]
        share = min(1.0, val * len(units) / max(1, len(others)))
        key = f"{seed}/fold {number}/val"
        part = cut_classes(describe_groups(others), [share, 1 - share], key)
        side = others["group_id"].map(part).map({0: "val", 1: "train"})
        yield number, side.reindex(units.index, fill_value="test")


def _describe(own: pd.DataFrame, number: int, sides: pd.Series, protocol: Protocol) -> Fold:
    crossing = count_crossings(own.assign(side=sides), "side")
    if protocol == "lesion" and crossing:
        raise ValidationError(
            f"manifest: {crossing} lesions or patients are on two sides of fold {number}; run the "
            "validate stage again"
        )
    parts = {side: own[sides == side] for side in SPLITS}
    for side, rows in parts.items():
        if rows.empty:
            raise ValidationError(
                f"fold {number} has no {side} images: there are too few for "
                f"{int(own['fold'].max())} folds (validate.split.folds, crossval.val)"
            )
    return Fold(number, parts, float(share_leaking(own, sides == "test")[""]))


def mark(name: str, protocol: Protocol, joint: str = "_") -> str:
    """A name, with LEAKING behind it where the protocol divides lesions."""
    return f"{name}{joint}{LEAKING}" if protocol == "image" else name


def fold_name(number: int, protocol: Protocol) -> str:
    """Of a fold's nested run."""
    return mark(f"fold {number}", protocol, " ")


def tags_of(protocol: Protocol, synthetic: bool) -> dict[str, str]:
    """Of runs of that protocol, with synthetic training images or without."""
    return {
        "crossval.protocol": mark(protocol, protocol, " "),
        "crossval.synthetic": str(synthetic).lower(),
    }
