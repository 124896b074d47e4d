"""Which images a metric looks at, and how many groups those are."""

from math import nan

import numpy as np
import pytest

from dermaflow.ml.evaluation.estimate import Estimate
from dermaflow.ml.evaluation.images_behind import images_behind, make_estimates
from dermaflow.ml.evaluation.operating_points import Calls
from dermaflow.ml.evaluation.predictions import Predictions

# Truth mel, mel, nv, nv, nv; said mel, nv, mel, nv, nv.
LABELS, SAID = np.array([0, 0, 1, 1, 1]), np.array([0, 1, 0, 1, 1])
GROUPS = np.array(["a", "a", "a", "b", "c"])
PREDICTIONS = Predictions(("mel", "nv"), LABELS, np.eye(2)[SAID], GROUPS)
CALLS = {"strict": Calls("mel", np.array([True, False, False, True, False]))}


@pytest.mark.parametrize(
    ("metric", "rows"),
    [
        ("mel/recall", [1, 1, 0, 0, 0]),
        ("mel/support", [1, 1, 0, 0, 0]),
        ("mel/precision", [1, 0, 1, 0, 0]),
        ("mel/f1", [1, 1, 1, 0, 0]),
        ("nv/recall", [0, 0, 1, 1, 1]),
        ("strict/recall", [1, 1, 0, 0, 0]),
        ("strict/specificity", [0, 0, 1, 1, 1]),
        ("strict/precision", [1, 0, 0, 1, 0]),
    ],
)
def test_a_measure_looks_at_what_it_divides_by(metric, rows):
    assert images_behind(PREDICTIONS, CALLS)[metric].tolist() == [bool(row) for row in rows]


def test_what_is_of_all_classes_or_of_a_whole_curve_is_not_listed():
    behind = images_behind(PREDICTIONS, CALLS)
    assert not {"accuracy", "macro_f1", "mel/auc", "mel/precision_at_recall_0.9"} & behind.keys()


def test_estimates_say_of_how_many_groups_they_are_and_undefined_ones_are_left_out():
    values = {"accuracy": [0.6], "mel/recall": [0.5], "nv/recall": [2 / 3], "mel/auc": [nan]}
    found = make_estimates(
        {name: np.array(value) for name, value in values.items()},
        {"accuracy": (0.2, 0.9), "mel/auc": (0.1, 0.2)},
        PREDICTIONS,
        images_behind(PREDICTIONS, CALLS),
    )
    assert found == {
        "accuracy": Estimate(0.6, 0.2, 0.9, groups=3),
        "mel/recall": Estimate(0.5, groups=1),
        "nv/recall": Estimate(2 / 3, groups=3),
    }
