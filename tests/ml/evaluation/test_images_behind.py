"""Which images a metric looks at, and how many groups those are."""

from math import nan

import numpy as np
import pytest

from dermaflow.ml.evaluation.estimate import Estimate
from dermaflow.ml.evaluation.images_behind import images_behind, make_estimates
from dermaflow.ml.evaluation.operating_points import Calls, Target
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
        ("mel/f1", [1, 1, 0, 0, 0]),
        ("nv/recall", [0, 0, 1, 1, 1]),
        ("strict/recall", [1, 1, 0, 0, 0]),
        ("strict/specificity", [0, 0, 1, 1, 1]),
        ("strict/precision", [1, 0, 0, 1, 0]),
        # Both sides are needed; melanomas show one lesion, the others three.
        ("mel/auc", [1, 1, 0, 0, 0]),
        ("nv/auc", [1, 1, 0, 0, 0]),
        ("mel/precision_at_recall_0.9", [1, 1, 0, 0, 0]),
    ],
)
def test_a_measure_stands_on_the_images_that_it_cannot_do_without(metric, rows):
    behind = images_behind(PREDICTIONS, CALLS, [Target("mel", "recall", 0.9)])
    assert behind[metric].tolist() == [bool(row) for row in rows]


def test_what_is_of_all_classes_is_not_listed():
    behind = images_behind(PREDICTIONS, CALLS)
    assert not {"accuracy", "macro_f1", "balanced_accuracy", "log_loss"} & behind.keys()


def test_estimates_say_of_how_many_groups_they_are_and_undefined_ones_are_left_out():
    values = {"accuracy": [0.6], "mel/recall": [0.5], "nv/recall": [2 / 3], "mel/auc": [nan]}
    values["mel/support"] = [2]
    found = make_estimates(
        {name: np.array(value) for name, value in values.items()},
        {"accuracy": (0.2, 0.9), "mel/auc": (0.1, 0.2), "nv/recall": None},
        PREDICTIONS,
        images_behind(PREDICTIONS, CALLS),
        least=2,
    )
    assert found == {
        "accuracy": Estimate(0.6, 0.2, 0.9, groups=3),
        "mel/recall": Estimate(0.5, groups=1, groups_needed=2),
        "mel/support": Estimate(2, groups=1),  # a count is a fact
        "nv/recall": Estimate(2 / 3, groups=3, not_estimable=True),
    }
