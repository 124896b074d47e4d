"""Figure of conformal sets: how often they hold the true class, and how large they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dermaflow.ml.evaluation.conformal import SMALL_CLASSES, ConformalSets
from dermaflow.ml.evaluation.estimate import Scores
from dermaflow.ml.evaluation.set_coverage import EXPECTED, IN_BAND
from dermaflow.reporting.style import (
    FAINT,
    INK,
    QUIET,
    SHARE_MAP,
    WARNING,
    class_colours,
    class_name,
    lay_out_shares,
    new_figure,
    styled,
)
from dermaflow.schema import set_columns

_MOST = 4  # classes in a set that are told apart; more are drawn as one


@styled
def draw_sets(
    answers: Mapping[str, pd.DataFrame],
    scores: Mapping[str, Scores],
    sets: ConformalSets,
    classes: Sequence[str],
    confidence: float,
) -> Figure:
    """A row of panels a part of the data: coverage by class with its band, and sizes of sets.

    Args:
        answers: part, such as ``test``, -> label and ``in_set_<class>`` of its images.
        scores: part -> its metrics.
        sets: of the decision rule.
        classes: codes.
        confidence: of the bands, over all classes.
    """
    names = [*classes, SMALL_CLASSES] if _has_small(sets) else list(classes)
    caption = (
        "Dot: share of lesions (one image each) whose set holds the true class; line: "
        f"{sets.coverage:.0%}, as asked.\nGrey: what chance allows then, at {confidence:.0%} over "
        "all classes; orange number: outside. Classes without grey share a threshold.\n"
    )
    if sets.chose_epoch:
        caption += (
            "The images that set the thresholds also chose the epoch: nothing is guaranteed. "
        )
    caption += "An external source is not expected to reach it."
    figure, axes = new_figure(
        10,
        1.3 + len(answers) * (0.75 + 0.34 * len(names)),
        "Does the set of possible classes hold the true one?",
        caption,
        rows=len(answers),
        columns=2,
        sharey=True,
        gridspec_kw={"wspace": 0.12},
    )
    for row, (part, table) in zip(axes, answers.items(), strict=True):
        _draw_coverage(row[0], part, scores[part], names, sets.coverage)
        _draw_sizes(row[1], table, classes, scores[part])
    for axis in axes[:, 0]:
        axis.set_yticks(range(len(names)), [_name(code) for code in names])
    axes[0, 0].set_ylim(len(names) - 0.5, -0.5)
    axes[-1, 1].legend(loc="upper left", bbox_to_anchor=(0, -0.09), ncols=_MOST + 1)
    return figure


def _has_small(sets: ConformalSets) -> bool:
    return any(cell.shared for cell in sets.cells)


def _name(code: str) -> str:
    return "small classes together" if code == SMALL_CLASSES else class_name(code)


def _draw_coverage(
    axis: Axes, part: str, scores: Scores, names: Sequence[str], asked: float
) -> None:
    """A row a class: the band, the share of lesions, and their number."""
    colours = class_colours([code for code in names if code != SMALL_CLASSES])
    axis.axvline(asked, color=INK, linewidth=0.8)
    for row, code in enumerate(names):
        band, found = (scores.get(f"{code}/{name}") for name in (EXPECTED, "lesion_coverage"))
        if band and band.interval:
            axis.hlines(row, *band.interval, color=FAINT, linewidth=9)
        if not found:
            axis.text(1.04, row, "–", color=QUIET, va="center")
            continue
        inside = scores.get(f"{code}/{IN_BAND}")
        outside = inside is not None and not inside.value
        colour = WARNING if outside else INK
        axis.plot(found.value, row, "o", color=colours.get(code, INK), markersize=6, clip_on=False)
        text = f"{found.value:.2f} of {found.groups:,}"
        axis.text(1.04, row, text, color=colour, va="center")
    lay_out_shares(axis)
    whole = f"{scores['coverage'].value:.3f}" if "coverage" in scores else "–"
    axis.set_title(f"Coverage, {part}: {whole} of images")


def _draw_sizes(axis: Axes, table: pd.DataFrame, classes: Sequence[str], scores: Scores) -> None:
    """A bar a class, of the shares of its images with so many classes in the set."""
    sizes = table[set_columns(classes)].sum(axis=1).clip(upper=_MOST).to_numpy()
    for row, code in enumerate(classes):
        of_it = sizes[(table["label"] == code).to_numpy()]
        shares = np.bincount(of_it, minlength=_MOST + 1) / max(1, len(of_it))
        starts = np.cumsum(shares) - shares
        for size, (start, share) in enumerate(zip(starts, shares, strict=True)):
            label = "" if row else _size_name(size)
            axis.barh(row, share, 0.7, start, color=_colour(size), label=label)
    lay_out_shares(axis)
    mean = f": mean {scores['set_size'].value:.2f}" if "set_size" in scores else ""
    axis.set_title(f"Classes in the set{mean}")


def _size_name(size: int) -> str:
    return "none" if not size else f"{size}+" if size == _MOST else str(size)


def _colour(size: int) -> str | tuple[float, ...]:
    """Of no class a warning; the more classes, the paler."""
    return WARNING if not size else SHARE_MAP(1 - (size - 1) / (_MOST - 0.5))
