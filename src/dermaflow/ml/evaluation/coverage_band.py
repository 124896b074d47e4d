"""Where chance leaves the coverage of conformal sets, and what is counted for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import betabinom

from dermaflow.ml.evaluation.conformal import (
    SMALL_CLASSES,
    Cell,
    ConformalSets,
    is_too_small,
    one_image_a_lesion,
    rank_of,
)
from dermaflow.ml.evaluation.estimate import Estimate
from dermaflow.schema import set_columns


@dataclass(frozen=True)
class SetAnswers:
    """Sets of tested images, and how they were made.

    Attributes:
        answers: image_id, group_id, label and ``in_set_<class>`` of each image.
        sets: by which ``answers`` were made.
    """

    answers: pd.DataFrame
    sets: ConformalSets


def covers(answers: pd.DataFrame, classes: Sequence[str]) -> NDArray[np.bool_]:
    """Whether the set of each image holds its class, bool (N,).

    Args:
        answers: label and ``in_set_<class>``.
        classes: codes.
    """
    members = answers[set_columns(classes)].to_numpy(bool)
    places = pd.Index(list(classes)).get_indexer(answers["label"])
    found: NDArray[np.bool_] = members[np.arange(len(answers)), places]
    return found


@dataclass(frozen=True)
class CoveredCell:
    """A cell and its tested lesions, by one image each.

    Attributes:
        cell: of the decision rule.
        asked: coverage.
        covered: whether the set holds the true class, bool (M,).
    """

    cell: Cell
    asked: float
    covered: NDArray[np.bool_]

    @property
    def lesions(self) -> int:
        """How many were tested."""
        return len(self.covered)

    @property
    def rank(self) -> int:
        """Of the threshold, among the nonconformities of the calibration lesions."""
        return rank_of(self.cell.lesions, self.asked)

    @property
    def chances(self) -> NDArray[np.float64]:
        """Probability of each number of covered lesions, (M + 1,)."""
        after = self.cell.lesions + 1 - self.rank
        counts = np.arange(self.lesions + 1)
        found: NDArray[np.float64] = betabinom.pmf(counts, self.lesions, self.rank, after)
        return found


def covered_cells(
    tested: Sequence[SetAnswers], classes: Sequence[str]
) -> dict[str, list[CoveredCell]]:
    """By name, the cells of all folds that have a valid threshold and tested lesions.

    A class that has a threshold of its own in some folds alone has no cell of its own here.

    Args:
        tested: once, or a fold each.
        classes: codes.
    """
    found: dict[str, list[CoveredCell]] = {}
    mixed = {
        code for code in classes if len({part.sets.cell_of(code).shared for part in tested}) > 1
    }
    for part in tested:
        for cell in part.sets.cells:
            codes = [code for code in cell.classes if cell.shared or code not in mixed]
            lesions = one_image_a_lesion(part.answers[part.answers["label"].isin(codes)])
            if len(lesions) and not is_too_small(cell.lesions, part.sets.coverage):
                one = CoveredCell(cell, part.sets.coverage, covers(lesions, classes))
                found.setdefault(cell.name, []).append(one)
    return {name: found[name] for name in (*classes, SMALL_CLASSES) if name in found}


def coverage_band(cells: Sequence[CoveredCell], confidence: float) -> Estimate:
    """Coverage to expect of all lesions of some cells, and the ends of what chance allows.

    Args:
        cells: at least one.
        confidence: at least, that coverage lies between the ends, these included.
    """
    lesions = sum(cell.lesions for cell in cells)
    upto = reduce(np.convolve, [cell.chances for cell in cells]).cumsum()
    ends = np.searchsorted(upto, [(1 - confidence) / 2, (1 + confidence) / 2]).clip(max=lesions)
    expected = sum(cell.rank / (cell.cell.lesions + 1) * cell.lesions for cell in cells)
    low, high = (float(end / lesions) for end in ends)
    return Estimate(float(expected / lesions), low, high, lesions)
