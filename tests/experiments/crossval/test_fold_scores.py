"""What folds are worth, counted by hand; intervals are of lesions."""

import numpy as np
import pandas as pd
import pytest

from conf_params import params_of
from dermaflow.errors import ParameterError
from dermaflow.experiments.crossval.fold_scores import score_fold, score_pooled
from dermaflow.ml.evaluation.decision_rule import DecisionRule, Threshold, answer
from dermaflow.ml.evaluation.estimate import Estimate

CLASSES = ["mel", "nv"]
EVALUATE = params_of(
    "evaluate",
    {
        "bootstrap_samples": 100,
        "operating_points": {
            "find": {"class": "mel", "recall": 0.5},
            "spare": {"class": "mel", "specificity": 0.9},
        },
    },
)
RULE = DecisionRule(2.0, {"mel": 1.0}, thresholds={"find": Threshold("mel", 0.8)})


def rows_of(fold, side, groups):
    """Images of which three of eight are mel, by logits that tie nowhere."""
    scores = np.array([3.0, 1.0, -2.0, 2.0, 0.5, -1.0, -3.0, -4.0])
    return pd.DataFrame(
        {
            "fold": fold,
            "image_id": [f"{side}{fold}_{n}" for n in range(8)],
            "group_id": groups,
            "source": "drawn",
            "label": np.repeat(CLASSES, [3, 5]),
            "split": side,
            "logit_mel": scores.astype(np.float32),
            "logit_nv": np.float32(0),
        }
    )


def logits_of(fold, groups=tuple("aabccdef")):
    val = rows_of(fold, "val", groups).assign(label="mel")
    return pd.concat([val, rows_of(fold, "test", groups)])


def scored(fold=1, seed=7, **others):
    return score_fold(logits_of(fold, **others), RULE, EVALUATE, CLASSES, seed)


@pytest.fixture(scope="module")
def pooled():
    """Of two folds, the second of which called all of its images."""
    logits = pd.concat([logits_of(1), logits_of(2)])
    tested = logits[logits["split"] == "test"]
    predictions = answer(tested, RULE, CLASSES)
    predictions.loc[predictions["fold"] == 2, "find"] = True
    return predictions, logits, score_pooled(predictions, logits, EVALUATE, CLASSES, 7)


def test_a_fold_is_tested_by_its_rule_and_its_thresholds():
    test = scored()["test"]
    # Logits of mel are halved, and 1 more: -2 ties, and of equals the first class is answered.
    assert test["mel/recall"].value == 1
    assert test["nv/recall"] == Estimate(2 / 5, *test["nv/recall"].interval, groups=4)
    # p >= 0.8 is a logit of log 4 and more by the rule, of 0.77 before it.
    assert test["find/recall"].value == pytest.approx(2 / 3)
    assert test["find/specificity"].value == pytest.approx(4 / 5)
    assert "spare/recall" not in test  # the rule has no such threshold


def test_the_two_sides_are_measured_apart_and_one_has_intervals():
    sides = scored()
    assert list(sides) == ["test", "val"]
    assert sides["val"]["mel/support"].value == 8
    assert sides["test"]["mel/support"].value == 3
    assert sides["test"]["accuracy"].interval is not None
    assert not any(estimate.interval for estimate in sides["val"].values())


def test_what_is_uncalibrated_is_of_the_logits_as_they_are():
    rows = rows_of(1, "test", list("aabccdef"))
    p = 1 / (1 + np.exp(-rows["logit_mel"].to_numpy(np.float64)))
    truth = np.where(rows["label"] == "mel", p, 1 - p)
    found = scored()["test"]
    assert found["log_loss_uncalibrated"].value == pytest.approx(-np.log(truth).mean())
    assert found["log_loss"].value != found["log_loss_uncalibrated"].value


def test_intervals_are_of_lesions_and_not_of_images():
    one = scored(groups=tuple("a" * 8))["test"]
    several = scored()["test"]
    assert one["log_loss"].not_estimable  # all its resamples are alike
    assert several["log_loss"].interval
    widths = [e["accuracy"].high - e["accuracy"].low for e in (one, several)]
    assert widths[0] > 1.4 * widths[1]


def test_folds_resample_by_streams_of_their_own():
    first, again, other, seed = (scored(*which) for which in ((1,), (1,), (2,), (1, 8)))
    assert first == again
    for elsewhere in (other, seed):
        assert elsewhere["test"]["log_loss"].value == first["test"]["log_loss"].value
        assert elsewhere["test"]["log_loss"].interval != first["test"]["log_loss"].interval


def test_pooled_images_are_called_as_their_folds_called_them(pooled):
    _, _, found = pooled
    assert found["find/recall"].value == pytest.approx((2 + 3) / 6)
    assert found["find/specificity"].value == pytest.approx((4 + 0) / 10)
    assert not any(name.startswith("spare") for name in found)  # no column is of that name


def test_pooled_figures_count_each_tested_image_once_and_lesions_across_folds(pooled):
    _, _, found = pooled
    assert found["images"] == Estimate(16)
    assert found["groups"] == Estimate(6)  # both folds have images of each
    assert found["mel/recall"].groups == 2
    assert found["accuracy"].low < found["accuracy"].value < found["accuracy"].high


def test_pooled_figures_without_calibration_are_of_tested_images_alone(pooled):
    _, logits, found = pooled
    tested = logits[logits["split"] == "test"]
    p = 1 / (1 + np.exp(-tested["logit_mel"].to_numpy(np.float64)))
    truth = np.where(tested["label"] == "mel", p, 1 - p)
    assert found["log_loss_uncalibrated"].value == pytest.approx(-np.log(truth).mean())


def test_the_seed_moves_pooled_bounds_alone(pooled):
    predictions, logits, found = pooled
    again, other = (score_pooled(predictions, logits, EVALUATE, CLASSES, seed) for seed in (7, 8))
    assert again == found
    assert {name: e.value for name, e in other.items()} == {n: e.value for n, e in found.items()}
    assert other["log_loss"].interval != found["log_loss"].interval


def test_logits_of_other_classes_are_refused():
    with pytest.raises(ParameterError, match="mel, nv, vasc are not those"):
        score_fold(logits_of(1), RULE, EVALUATE, [*CLASSES, "vasc"], 7)
