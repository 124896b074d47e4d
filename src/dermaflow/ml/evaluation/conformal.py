"""Conformal sets: for each image the classes that it may be, which hold the true one as asked.

Split conformal prediction by class (Mondrian: Vovk 2012, arXiv:1209.2673), with one threshold of
the probability a class (LABEL: Sadinle, Lei and Wasserman 2019, arXiv:1609.00451). The
nonconformity of an image is 1 - p of its true class. A class is in an image's set where its own
probability is at least the class's threshold.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from math import ceil
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dermaflow.errors import WeightsError
from dermaflow.schema import probability_columns, set_columns

# Of the cell that small classes share; no class can have this name.
SMALL_CLASSES = "small-classes"

CALIBRATION_IMAGES = "one a lesion of each cell: that of the smallest sha256 of its image_id"


@dataclass(frozen=True)
class Cell:
    """Classes that share a threshold.

    Attributes:
        classes: codes, at least one.
        lesions: calibration lesions of these classes together.
        threshold: in [0, 1]; a class of the cell is in the set of an image where its probability is
            at least this. 0 where there are too few lesions for any other.
        shared: whether it is the cell of the classes with too few lesions for one of their own.
    """

    classes: tuple[str, ...]
    lesions: int
    threshold: float
    shared: bool

    @property
    def name(self) -> str:
        """In metrics: the class, or ``SMALL_CLASSES``."""
        return SMALL_CLASSES if self.shared else self.classes[0]


@dataclass(frozen=True)
class ConformalSets:
    """What makes a set of classes out of an image's probabilities.

    Attributes:
        coverage: share of the lesions of a cell whose set is to hold the true class, in (0, 1).
        cells: each class is in one of them.
        chose_epoch: whether the calibration images had chosen the network's epoch before, which
            flatters: the coverage that was asked is then not guaranteed.
    """

    coverage: float
    cells: tuple[Cell, ...]
    chose_epoch: bool

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> ConformalSets:
        """Undo ``to_dict``.

        Raises:
            KeyError, TypeError, ValueError: it is damaged.
        """
        cells = tuple(
            Cell(
                tuple(map(str, cell["classes"])),
                int(cell["lesions"]),
                float(cell["threshold"]),
                _read_bool(cell["shared"]),
            )
            for cell in values["cells"]
        )
        chose_epoch = _read_bool(values["calibration_images_chose_the_epoch"])
        sets = cls(float(values["coverage"]), cells, chose_epoch)
        sets._require_sound()
        return sets

    def to_dict(self) -> dict[str, Any]:
        """For JSON: what ``from_dict`` reads, and for people which images it was calibrated on."""
        return {
            "coverage": self.coverage,
            "calibration_images": CALIBRATION_IMAGES,
            "calibration_images_chose_the_epoch": self.chose_epoch,
            "cells": [
                asdict(cell)
                | {
                    "classes": list(cell.classes),
                    "always_in_the_set": is_too_small(cell.lesions, self.coverage),
                }
                for cell in self.cells
            ],
        }

    def _require_sound(self) -> None:
        """Raise ValueError for what ``choose_sets`` cannot have made."""
        if not 0 < self.coverage < 1:
            raise ValueError(f"a coverage of {self.coverage}")
        codes = [code for cell in self.cells for code in cell.classes]
        if not codes or len(codes) != len(set(codes)):
            raise ValueError(f"cells of {', '.join(codes) or 'no class'}")
        for cell in self.cells:
            if not cell.classes or (not cell.shared and len(cell.classes) > 1):
                raise ValueError(f"a cell of {len(cell.classes)} classes")
            if cell.lesions < 0 or not 0 <= cell.threshold <= 1:
                raise ValueError(f"a threshold of {cell.threshold} from {cell.lesions} lesions")
            if is_too_small(cell.lesions, self.coverage) and cell.threshold:
                raise ValueError(f"a threshold from {cell.lesions} lesions, which are too few")

    def cell_of(self, code: str) -> Cell:
        """The cell that a class is in.

        Raises:
            WeightsError: it is in none.
        """
        for cell in self.cells:
            if code in cell.classes:
                return cell
        raise WeightsError(f"the decision rule is damaged: its sets lack the class {code}")

    def contains(
        self, probabilities: NDArray[np.float32] | NDArray[np.float64], classes: Sequence[str]
    ) -> pd.DataFrame:
        """Which classes are in the set of each image: ``in_set_<class>``, bool, a row an image.

        Args:
            probabilities: (N, C), as ``DecisionRule.probabilities`` gives them.
            classes: C codes, in the order of the columns.

        Raises:
            WeightsError: a class is in no cell.
        """
        least = np.array([self.cell_of(code).threshold for code in classes], np.float64)
        return pd.DataFrame(probabilities >= least, columns=set_columns(classes))


def choose_sets(
    val: pd.DataFrame, classes: Sequence[str], coverage: float, least: int, chose_epoch: bool
) -> ConformalSets:
    """Take the threshold of each class from the probabilities of its calibration lesions.

    A class with ``least`` lesions has a cell of its own; all others share one, whose threshold
    holds for them together and not for each.

    Args:
        val: image_id, group_id, label and ``p_<class>``, calibrated as the rule does.
        classes: codes.
        coverage: asked, in (0, 1).
        least: lesions of a class for a threshold of its own.
        chose_epoch: see ``ConformalSets``.
    """
    counts = val.groupby("label")["group_id"].nunique().reindex(list(classes), fill_value=0)
    small = tuple(code for code in classes if counts[code] < least)
    cells = [_calibrate(val, (code,), coverage) for code in classes if code not in small]
    if small:
        cells.append(_calibrate(val, small, coverage, shared=True))
    return ConformalSets(coverage, tuple(cells), chose_epoch)


def _calibrate(
    val: pd.DataFrame, codes: tuple[str, ...], coverage: float, shared: bool = False
) -> Cell:
    """A cell, whose threshold is the rank-th largest probability of the true class."""
    chosen = one_image_a_lesion(val[val["label"].isin(codes)])
    columns = probability_columns(list(codes))
    places = pd.Index(codes).get_indexer(chosen["label"])
    of_truth = chosen[columns].to_numpy(np.float64)[np.arange(len(chosen)), places]
    threshold = 0.0
    if not is_too_small(len(chosen), coverage):
        threshold = float(np.sort(of_truth)[-rank_of(len(chosen), coverage)])
    return Cell(codes, len(chosen), threshold, shared)


def rank_of(lesions: int, coverage: float) -> int:
    """Rank of the threshold among the nonconformities: ceil((lesions + 1) * coverage), exactly."""
    return ceil((lesions + 1) * Fraction(str(coverage)))


def is_too_small(lesions: int, coverage: float) -> bool:
    """Whether no threshold that leaves anything out is valid: at 0.9, of below nine lesions."""
    return rank_of(lesions, coverage) > lesions


def one_image_a_lesion(table: pd.DataFrame) -> pd.DataFrame:
    """Rows of one image of each group, chosen by nothing that tells of the image.

    Images of a lesion resemble each other, so that three of them are not three lesions' worth. The
    choice is by a hash of the image's id: the same for any order of rows and any seed, and
    unrelated to how good, how large or how sure of its class an image is.

    Args:
        table: image_id and group_id.
    """
    digests = [hashlib.sha256(str(name).encode()).hexdigest() for name in table["image_id"]]
    ranked = pd.DataFrame({"group": table["group_id"].to_numpy(), "digest": digests})
    kept = ranked.sort_values("digest").drop_duplicates("group").index
    return table.iloc[np.sort(kept)]


def _read_bool(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"{value!r} is neither true nor false")
    return value
