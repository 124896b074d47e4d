"""What conformal sets are worth on tested images: how often they hold the true class, how large."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm

from dermaflow.ml.evaluation.conformal import one_image_a_lesion
from dermaflow.ml.evaluation.coverage_band import SetAnswers, coverage_band, covered_cells, covers
from dermaflow.ml.evaluation.estimate import Estimate, Scores
from dermaflow.schema import set_columns

BY_LESION, EXPECTED, IN_BAND = "lesion_coverage", "expected_coverage", "coverage_in_band"
CHOSE_EPOCH = "sets_chose_epoch"


@dataclass(frozen=True)
class CoverageCheck:
    """Whether sets hold what they were made for.

    Attributes:
        in_band: class, or ``SMALL_CLASSES``, -> whether its coverage is what chance allows. Classes
            without tested lesions, or without a valid threshold, are absent.
        is_gate: whether the coverage was guaranteed. Where the calibration images had chosen the
            epoch before, it was not, and ``in_band`` is a figure to look at.
    """

    in_band: dict[str, bool]
    is_gate: bool


def check_coverage(scores: Scores) -> CoverageCheck | None:
    """Read off a part's metrics what ``score_sets`` found; None where there are no sets.

    Args:
        scores: of one part of the data.
    """
    if CHOSE_EPOCH not in scores:
        return None
    ending = f"/{IN_BAND}"
    in_band = {
        name.removesuffix(ending): bool(estimate.value)
        for name, estimate in scores.items()
        if name.endswith(ending)
    }
    return CoverageCheck(in_band, not scores[CHOSE_EPOCH].value)


def score_sets(
    tested: Sequence[SetAnswers], classes: Sequence[str], confidence: float
) -> dict[str, Estimate]:
    """Coverage and sizes of sets, and the band in which coverage should lie.

    The band is of what calibration and test may draw. With n calibration lesions, the threshold of
    rank k, and m tested lesions, the number of covered ones has the beta-binomial distribution of
    m, k and n + 1 - k. As C classes are looked at, each band leaves out (1 - ``confidence``) / C.
    It counts lesions, by one image each. Folds add up as if each had calibration lesions that no
    other has.

    Args:
        tested: once, or a fold each.
        classes: C codes.
        confidence: of intervals and, over all classes, of the bands.

    Returns:
        ``coverage``, ``empty_sets`` and ``singleton_sets``: shares of images, with Wilson's
        intervals of as many trials as there are lesions; ``set_size``: mean. For each class with
        images ``<class>/coverage``, and of one image a lesion ``<class>/lesion_coverage``. For each
        class, or ``SMALL_CLASSES`` together, with a valid threshold and tested lesions
        ``…/expected_coverage``, whose ends are the band, and ``…/coverage_in_band``, 1 or 0; over
        all of them ``coverage_in_band``. And ``sets_chose_epoch``, 1 or 0: see ``CoverageCheck``.
    """
    if not sum(len(part.answers) for part in tested):
        return {}
    answers = pd.concat([part.answers for part in tested])
    scores = _score_images(answers, classes, confidence)
    cells = covered_cells(tested, classes)
    for name, found in cells.items():
        covered = np.concatenate([one.covered for one in found])
        scores[f"{name}/{BY_LESION}"] = _share(covered, len(covered), confidence)
        band = coverage_band(found, 1 - (1 - confidence) / len(classes))
        low, high = band.interval or (0.0, 1.0)
        inside = low <= covered.mean() <= high
        scores[f"{name}/{EXPECTED}"] = band
        scores[f"{name}/{IN_BAND}"] = Estimate(float(inside), groups=len(covered))
    if cells:
        inside_all = all(scores[f"{name}/{IN_BAND}"].value for name in cells)
        scores[IN_BAND] = Estimate(float(inside_all))
    scores[CHOSE_EPOCH] = Estimate(float(any(part.sets.chose_epoch for part in tested)))
    return scores


def measure_subgroup(
    answers: pd.DataFrame, classes: Sequence[str], least: int, confidence: float
) -> Iterator[dict[str, Any]]:
    """Coverage of a part of the images as rows of ``score_subgroups``; none without sets.

    Args:
        answers: see ``SetAnswers``.
        classes: codes.
        least: lesions that a figure is of.
        confidence: of the intervals.
    """
    if not set(set_columns(classes)) <= set(answers):
        return
    scores = _score_images(answers, classes, confidence)
    for measure, code in {"coverage": None, "mel/coverage": "mel"}.items():
        if code is not None and code not in classes:
            continue
        found = scores.get(measure, Estimate(np.nan, groups=0))
        lesions = found.groups or 0
        row = {"measure": measure, "value": np.nan, "low": np.nan, "high": np.nan}
        if lesions < least:
            of_it = f" of {code}" if code else ""
            note = f"insufficient data: {lesions} groups{of_it}, {least} are needed"
        else:
            low, high = found.interval or (np.nan, np.nan)
            row |= {"value": found.value, "low": low, "high": high}
            note = ""
        yield row | {"note": note}


def _score_images(
    answers: pd.DataFrame, classes: Sequence[str], confidence: float
) -> dict[str, Estimate]:
    """Shares of images, over all and by class."""
    if answers.empty:
        return {}
    covered, sizes = covers(answers, classes), answers[set_columns(classes)].sum(axis=1)
    lesions = answers["group_id"].nunique()
    scores = {
        "coverage": _share(covered, lesions, confidence),
        "set_size": Estimate(float(sizes.mean()), groups=lesions),
        "empty_sets": _share((sizes == 0).to_numpy(), lesions, confidence),
        "singleton_sets": _share((sizes == 1).to_numpy(), lesions, confidence),
    }
    for code in classes:
        rows = (answers["label"] == code).to_numpy()
        if rows.any():
            one_each = covers(one_image_a_lesion(answers[rows]), classes)
            for name, hits in {"coverage": covered[rows], BY_LESION: one_each}.items():
                scores[f"{code}/{name}"] = _share(hits, len(one_each), confidence)
    return scores


def _share(hits: NDArray[np.bool_], lesions: int, confidence: float) -> Estimate:
    share = float(hits.mean())
    return Estimate(share, *_wilson(share, lesions, confidence), lesions)


def _wilson(share: float, lesions: int, confidence: float) -> tuple[float, float]:
    """Ends of a share's interval (Wilson 1927), between which the share lies."""
    z = float(norm.ppf((1 + confidence) / 2))
    scale = 1 / (1 + z**2 / lesions)
    centre = scale * (share + z**2 / (2 * lesions))
    half = scale * z * sqrt(share * (1 - share) / lesions + z**2 / (4 * lesions**2))
    return max(0.0, min(share, centre - half)), min(1.0, max(share, centre + half))
