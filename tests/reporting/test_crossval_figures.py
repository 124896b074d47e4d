"""Figures of a cross-validation show what was counted, with and without intervals."""

from dataclasses import replace

import numpy as np
import pytest

from dermaflow.ml.evaluation.estimate import Estimate
from dermaflow.ml.evaluation.predictions import Predictions
from dermaflow.reporting.crossval_figures import FoldFigures, draw_class, draw_folds

CLASSES = ("mel", "nv")


@pytest.fixture
def pooled():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 60)
    score = 1 / (1 + np.exp(-rng.normal(size=60) - (labels == 0)))
    groups = np.array([f"g{n // 2}" for n in range(60)])
    return Predictions(CLASSES, labels, np.stack([score, 1 - score], axis=1), groups)


def figures(pooled, bounded=True, leaking=False, synthetic=0):
    def scores(accuracy, auc):
        values = {"accuracy": accuracy, "mel/auc": auc}
        return {
            k: Estimate(v, v - 0.1, v + 0.1) if bounded else Estimate(v) for k, v in values.items()
        }

    points = {"find/recall": 0.8, "find/specificity": 0.4, "find/precision": 0.6}
    plain = points | {"leaking_images": 0.5}
    parts = {
        "pooled": scores(0.7, 0.75) | {name: Estimate(value) for name, value in plain.items()},
        "mean": {"accuracy": Estimate(0.68), "mel/auc": Estimate(0.74)},
        "sd": {"accuracy": Estimate(0.04)} if bounded else {},
    }
    parts |= {"fold_1": scores(0.66, 0.7), "fold_3": scores(0.7, 0.78)}
    fold_of = np.repeat([1, 3], 30)
    return FoldFigures(pooled, fold_of, 3, leaking, synthetic, parts, 0.95)


def places(axis):
    """Where dots are: (x, y)."""
    return [
        tuple(map(float, line.get_xydata()[0]))
        for line in axis.lines
        if line.get_marker() in ("o", "D")
    ]


def test_a_panel_has_pooled_mean_and_each_fold_in_their_rows(pooled):
    figure = draw_folds(figures(pooled))
    accuracy = next(axis for axis in figure.axes if axis.get_title(loc="left") == "Accuracy")
    assert places(accuracy) == [(0.7, 0), (0.68, 1), (0.66, 2), (0.7, 3)]
    bars = [bar.get_segments()[0][:, 0] for bar in accuracy.collections]
    assert np.allclose(bars, [(0.6, 0.8), (0.64, 0.72), (0.56, 0.76), (0.6, 0.8)])
    labels = [tick.get_text() for tick in figure.axes[0].get_yticklabels()]
    assert labels == ["pooled", "mean", "fold 1", "fold 3"]
    title, caption = (text.get_text() for text in figure.texts)
    assert "LEAKING" not in title + caption
    assert "synthetic" not in caption
    assert "60 images of 30 groups, out of fold (2 of 3 folds)" in caption


def test_what_was_added_and_what_leaks_is_told(pooled):
    figure = draw_folds(figures(pooled, leaking=True, synthetic=1234.4))
    title, caption = (text.get_text() for text in figure.texts)
    assert title.startswith("LEAKING: ")
    assert "With 1,234 synthetic training images a fold" in caption
    assert "for 50% of them, training or validation images of the same fold show the" in caption


def test_without_intervals_there_are_dots_alone(pooled):
    figure = draw_folds(figures(pooled, bounded=False))
    shown = [axis for axis in figure.axes if places(axis)]
    assert [axis.get_title(loc="left") for axis in shown] == ["Accuracy", "Melanoma AUC"]
    assert not any(axis.collections for axis in shown)


def test_too_few_lesions_are_words_in_every_row_that_they_are_of(pooled):
    shown = figures(pooled)
    few = {
        part: {name: replace(e, groups=4).require_groups(10) for name, e in scores.items()}
        for part, scores in shown.scores.items()
        if part not in ("mean", "sd")
    }
    figure = draw_folds(replace(shown, scores={**shown.scores, **few}))
    accuracy = next(axis for axis in figure.axes if axis.get_title(loc="left") == "Accuracy")
    assert places(accuracy) == []
    written = [text.get_text() for text in accuracy.texts]
    assert written == ["insufficient data (4 of 10 groups)", *["insufficient data"] * 3]


def test_curves_are_of_all_folds_and_points_are_where_they_were_counted(pooled):
    figure = draw_class(figures(pooled), "mel", {"find": "mel", "other": "nv"})
    roc, precision_recall = figure.axes
    assert places(roc) == [(pytest.approx(0.6), 0.8)]
    assert places(precision_recall) == [(0.8, 0.6)]
    solid = [
        line for line in roc.lines if line.get_linestyle() == "-" and len(line.get_xdata()) > 2
    ]
    assert len(solid) == 3  # two folds, and pooled
    for line in solid:
        x, y = line.get_data()
        assert (np.diff(x) >= 0).all()
        assert (np.diff(y) >= 0).all()
        assert (x[0], y[0], x[-1], y[-1]) == (0, 0, 1, 1)
    assert "AUC pooled 0.750 [0.650, 0.850]\nmean of folds 0.740" in roc.texts[0].get_text()


def test_a_fold_without_the_class_has_no_curve(pooled):
    labels = pooled.labels.copy()
    labels[:30] = 1
    without = Predictions(CLASSES, labels, pooled.probabilities, pooled.groups)
    roc = draw_class(figures(without), "mel", {}).axes[0]
    solid = [
        line for line in roc.lines if line.get_linestyle() == "-" and len(line.get_xdata()) > 2
    ]
    assert len(solid) == 2
