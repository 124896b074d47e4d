"""Figures of a search for a recipe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogFormatter, MaxNLocator
from numpy.typing import NDArray

from dermaflow.reporting.style import ACCENT, INK, QUIET, WARNING, label_axes, new_figure, styled

_COLUMNS = 4
_STATES = {"finished": ACCENT, "halved": QUIET, "failed": WARNING}


@dataclass(frozen=True)
class SearchFigures:
    """What is drawn.

    Attributes:
        trials: a row a trial, as the search stage tabulates them.
        metric: by which they are compared.
        maximise: whether more of it is better.
        keys: of the parameters that were varied.
    """

    trials: pd.DataFrame
    metric: str
    maximise: bool
    keys: list[str]

    @property
    def epochs(self) -> list[str]:
        """Columns of the metric after each epoch."""
        return [name for name in self.trials if name.startswith("epoch_")]

    @property
    def best(self) -> int:
        """Place of the best trial of those that were trained to their end."""
        finished = self.trials.loc[self.trials["state"] == "finished", "value"]
        return int(finished.idxmax() if self.maximise else finished.idxmin())

    @property
    def name(self) -> str:
        """The metric in words."""
        return self.metric.removeprefix("val_").replace("_", " ")


@styled
def draw_trials(figures: SearchFigures) -> Figure:
    """The metric of every trial over its epochs."""
    trials, best = figures.trials, figures.best
    counts = trials["state"].value_counts()
    figure, axes = new_figure(
        9,
        4.6,
        "Which recipe is best on the validation images?",
        f"{len(trials)} trials, of which {counts.get('finished', 0)} were trained to their end; "
        f"trial {trials.at[best, 'trial']} came to the best {figures.name}",
    )
    axis = axes[0, 0]
    labels = {"finished": "trained to the end", "halved": "given up early", "failed": "failed"}
    for place, row in trials.iterrows():
        values = row[figures.epochs].dropna().astype(float)
        colour = _STATES[row["state"]]
        look: dict[str, Any] = {"linewidth": 1.0, "alpha": 0.6}
        look["label"] = labels.pop(row["state"], None)
        if place == best:
            look = {"linewidth": 2.6, "zorder": 3, "label": f"trial {row['trial']}, the best"}
        elif row["trial"] == 1:
            colour = INK
            look = {"linestyle": (0, (4, 2)), "label": "trial 1, the recipe as it stands"}
        epochs = range(1, len(values) + 1)
        axis.plot(epochs, values, color=colour, marker="o", markersize=3, **look)
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    label_axes(axis, "epoch", figures.name, "Validation images")
    axis.legend(loc="lower right" if figures.maximise else "upper right")
    return figure


@styled
def draw_parameters(figures: SearchFigures) -> Figure:
    """A panel a parameter: its values against the metric after the last epoch that all reached."""
    reached = [name for name in figures.epochs if figures.trials[name].notna().all()]
    column = reached[-1] if reached else "value"
    number = column.removeprefix("epoch_")
    after = f"after epoch {number}, which all reached" if reached else "of the best epoch"
    rows = -(-len(figures.keys) // _COLUMNS)
    figure, axes = new_figure(
        11,
        0.9 + 2.3 * rows,
        "What does each parameter do?",
        f"Every point is a trial: its {figures.name} {after}. Blue: trained to the end; ringed: "
        "the best. Trials differ in all parameters at once",
        rows=rows,
        columns=_COLUMNS,
        sharey=True,
    )
    for axis, key in zip(axes.flat, figures.keys, strict=False):
        _draw_parameter(axis, figures, key, column)
    for axis in axes[:, 0]:
        axis.set_ylabel(figures.name)
    for axis in axes.flat[len(figures.keys) :]:
        axis.set_axis_off()
    return figure


def _draw_parameter(axis: Axes, figures: SearchFigures, key: str, column: str) -> None:
    trials = figures.trials
    places, ticks = _places(trials[key])
    colours = trials["state"].map(_STATES).tolist()
    axis.scatter(places, trials[column], c=colours, s=22, alpha=0.8, linewidths=0, zorder=2)
    best = figures.best
    axis.scatter(
        places[best],
        trials.at[best, column],
        s=90,
        facecolors="none",
        edgecolors=INK,
        zorder=3,
    )
    axis.set_title(key, fontsize=8.5)
    if ticks:
        axis.set_xticks(range(len(ticks)), ticks)
        axis.set_xlim(-0.5, len(ticks) - 0.5)
    elif places.min() > 0 and places.max() / places.min() > 5:
        axis.set_xscale("log")
        axis.xaxis.set_major_formatter(LogFormatter())  # the default one writes formulas
        axis.xaxis.set_minor_formatter(LogFormatter(minor_thresholds=(1, 0.4)))


def _places(values: pd.Series) -> tuple[NDArray[np.float64], list[str]]:
    """Where values stand on their axis, and the names of its places where it is not of numbers."""
    texts = values.map(lambda value: "none" if pd.isna(value) else f"{value}")
    few = texts.nunique() <= min(6, max(1, len(texts) // 2))
    if few or not pd.api.types.is_numeric_dtype(values) or values.isna().any():
        names = sorted(texts.unique(), key=_order)
        return texts.map(names.index).to_numpy(float), names
    return values.to_numpy(float), []


def _order(text: str) -> tuple[float, str]:
    """Numbers by their size, behind all others."""
    try:
        return float(text), ""
    except ValueError:
        return float("-inf"), text
