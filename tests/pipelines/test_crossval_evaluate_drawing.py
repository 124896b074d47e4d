"""Pictures of a cross-validation: what leaks is named so, and only melanoma has curves."""

import numpy as np
import pandas as pd
import pytest

from conf_params import params_of
from dermaflow.pipelines.crossval_evaluate.drawing import create_pipeline
from pipelines.drawings import draw
from reporting.artists import heading, panel, points_of, tick_names

# The point `lost` is of a threshold that one fold could not choose; `other` is of another class.
POINTS = {
    "find": {"class": "mel", "recall": 0.8},
    "lost": {"class": "mel", "specificity": 1.0},
    "other": {"class": "nv", "recall": 0.9},
}
EVALUATE = params_of("evaluate", {"operating_points": POINTS, "confidence": 0.9})
RATES = {"recall": 0.75, "specificity": 0.5, "precision": 0.6}


def inputs(protocol="lesion", classes=("mel", "nv")):
    """Eight images, half of them of each fold."""
    first, second = classes
    score = np.array([0.9, 0.8, 0.3, 0.2, 0.7, 0.4, 0.6, 0.1])
    labels = np.array(classes)[[0, 1, 0, 1, 0, 1, 0, 1]]
    predictions = pd.DataFrame({"fold": [1, 1, 1, 1, 4, 4, 4, 4], "label": labels})
    predictions["group_id"] = [f"g{number // 2}" for number in range(8)]
    predictions["predicted"] = np.where(score > 0.5, first, second)
    predictions = predictions.assign(**{f"p_{first}": score, f"p_{second}": 1 - score})
    points = {f"{name}/{measure}": rate for name in POINTS for measure, rate in RATES.items()}
    behind = "_LEAKING" if protocol == "image" else ""
    metrics = {
        f"crossval{behind}": {"accuracy": {"value": 0.625, "low": 0.5, "high": 0.75}}
        | {"leaking_images": 0.375}
        | points,
        f"crossval_folds{behind}/mean": {"accuracy": 0.6},
        f"crossval_folds{behind}/sd": {"accuracy": 0.1},
        f"crossval_folds{behind}/fold_1": {"accuracy": 0.5},
        f"crossval_folds{behind}/fold_4": {"accuracy": 0.75},
    }
    folds = {
        "protocol": protocol,
        "folds_in_all": 5,
        "folds": [{"fold": 1, "synthetic": {"mel": 20, "nv": 5}}, {"fold": 4}],
    }
    return {
        "crossval_predictions": predictions.assign(find=True, other=True),
        "crossval_metrics": metrics,
        "crossval_folds": folds,
        "params:evaluate": EVALUATE,
        "classes": list(classes),
    }


def drawn(**changes):
    return draw(create_pipeline(), "crossval_figures", inputs(**changes))


@pytest.fixture(scope="module")
def figures():
    return drawn()


def test_figures_of_folds_are_of_the_pooled_predictions_and_each_folds_metrics(figures):
    assert list(figures) == ["01_folds.png", "02_melanoma.png"]
    folds = figures["01_folds.png"]
    accuracy = panel(folds, "Accuracy")
    assert points_of(accuracy) == [(0.625, 0), (0.5, 2), (0.75, 3)]
    assert points_of(accuracy, "D") == [(0.6, 1)]
    assert tick_names(folds.axes[0].yaxis) == ["pooled", "mean", "fold 1", "fold 4"]
    caption = heading(folds)[1]
    assert "8 images of 4 groups, out of fold (2 of 5 folds)" in caption
    assert "90% intervals count groups" in caption
    assert "With 12 synthetic training images a fold" in caption  # 25 in one, none in the other


def test_points_are_marked_that_all_folds_could_choose_for_melanomas(figures):
    roc, precision_recall = figures["02_melanoma.png"].axes
    assert points_of(roc) == [(0.5, 0.75)]
    assert points_of(precision_recall) == [(0.75, 0.6)]


def test_what_leaks_is_named_so_in_every_name_and_title():
    figures = drawn(protocol="image")
    assert list(figures) == ["01_folds_LEAKING.png", "02_melanoma_LEAKING.png"]
    for figure in figures.values():
        title, caption = heading(figure)
        assert title.startswith("LEAKING: ")
        assert "for 38% of them, training or validation images" in caption


def test_classes_without_melanoma_have_no_curves_of_it():
    assert list(drawn(classes=("bcc", "nv"))) == ["01_folds.png"]
