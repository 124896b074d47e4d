"""Which metrics a set of images gets, of what, and with which intervals."""

import numpy as np
import pytest

from conf_params import params_of
from dermaflow.ml.evaluation.decision_rule import DecisionRule, Threshold
from dermaflow.ml.evaluation.estimate import Estimate
from dermaflow.ml.evaluation.measure import measure, measure_calls, measure_uncalibrated
from dermaflow.ml.evaluation.operating_points import Calls
from dermaflow.ml.evaluation.predictions import Predictions
from dermaflow.ml.evaluation.proportion_intervals import mean_interval, wilson_interval

CLASSES = ("mel", "nv")
SCORES = np.array([0.9, 0.6, 0.2, 0.7, 0.4, 0.3, 0.1, 0.1])  # of mel
LABELS = np.array([0, 0, 0, 1, 1, 1, 1, 1])
GROUPS = np.array(["a", "a", "b", "c", "c", "d", "e", "f"])
RULE = DecisionRule(thresholds={"find": Threshold("mel", 0.4)})
EVALUATE = params_of(
    "evaluate",
    {
        "operating_points": {
            "find": {"class": "mel", "recall": 0.5},
            "other": {"class": "bcc", "recall": 0.5},
        },
        "calibration_bins": 2,
    },
)


def predictions(groups=GROUPS):
    return Predictions(CLASSES, LABELS, np.stack([SCORES, 1 - SCORES], 1), groups)


def measured(groups=GROUPS, samples=200, seed=1, evaluate=EVALUATE):
    generator = np.random.default_rng(seed)
    return measure(predictions(groups), RULE, evaluate, samples, generator)


def test_images_and_groups_are_counts():
    found = measured()
    assert found["images"] == Estimate(8)
    assert found["groups"] == Estimate(6)


def test_points_are_measured_by_the_rules_thresholds_and_say_of_how_many_lesions():
    found = measured(samples=0)
    assert found["find/recall"] == Estimate(2 / 3, groups=2)
    assert found["find/specificity"] == Estimate(3 / 5, groups=4)
    assert found["find/precision"] == Estimate(2 / 4, groups=2)  # two lesions are called
    # Of both sides the melanomas show fewer lesions, and no curve can do without them.
    assert found["mel/auc"].groups == found["nv/auc"].groups == 2
    assert found["mel/precision_at_recall_0.5"].groups == 2
    assert found["accuracy"] == Estimate(6 / 8, groups=6)


def test_calls_that_were_made_already_are_taken_as_they_are():
    calls = {"find": Calls("mel", np.array([True, True, True] + [False] * 5))}
    found = measure_calls(predictions(), calls, EVALUATE, 0, np.random.default_rng(1))
    assert found["find/recall"].value == found["find/specificity"].value == 1


def test_what_the_best_threshold_could_do_is_asked_of_classes_that_there_are():
    found = measured(samples=0)
    # Falling scores: + - + - - +. A recall of a half is had with two of three right.
    assert found["mel/precision_at_recall_0.5"].value == pytest.approx(2 / 3)
    assert not any(name.startswith(("bcc", "other")) for name in found)


def test_shares_have_wilsons_intervals_of_their_own_lesions():
    found = measured()
    for name, share, lesions in [
        ("accuracy", 6 / 8, 6),
        ("mel/recall", 2 / 3, 2),
        ("nv/recall", 4 / 5, 4),
        ("find/recall", 2 / 3, 2),
        ("find/specificity", 3 / 5, 4),
    ]:
        assert found[name] == Estimate(share, *wilson_interval(share, lesions, 0.95), lesions), name
    mean = mean_interval([(2 / 3, 2), (4 / 5, 4)], 0.95)
    assert found["balanced_accuracy"].interval == pytest.approx(mean)


def test_two_melanomas_of_two_are_no_proof_that_all_are_found():
    """Recall, precision, F1 and AUC are 1 here, and no resample says otherwise."""
    scores = np.array([0.9, 0.8, 0.2, 0.3, 0.1, 0.1])
    called = {"find": Calls("mel", scores > 0.5)}
    alone = Predictions(
        CLASSES,
        np.array([0, 0, 1, 1, 1, 1]),
        np.stack([scores, 1 - scores], 1),
        np.array(list("abcdef")),
    )
    evaluate = EVALUATE.model_copy(update={"least_groups": 3})
    found = measure_calls(alone, called, evaluate, 200, np.random.default_rng(1))
    for name in ("mel/recall", "find/recall"):
        assert found[name].value == found[name].high == 1
        assert found[name].low == pytest.approx(0.342, abs=5e-4)
        assert (found[name].groups, found[name].groups_needed) == (2, 3)
    assert found["find/specificity"].low == pytest.approx(0.510, abs=5e-4)  # four lesions of four
    assert not found["find/specificity"].insufficient
    low, high = found["balanced_accuracy"].interval
    assert low == pytest.approx(1 - np.hypot(1 - 0.3424, 1 - 0.5101) / 2, abs=5e-4)
    assert high == 1
    perfect = ["mel/precision", "mel/f1", "mel/auc", "macro_auc", "macro_f1", "find/precision"]
    for name in perfect:
        assert (found[name].value, found[name].interval) == (1, None), name
        assert found[name].not_estimable, name
    assert found["mel/auc"].groups_needed == found["nv/auc"].groups_needed == 3


def test_of_one_lesion_no_bootstrap_says_anything_however_many_images_it_has():
    one = measured(groups=np.full(8, "a"))
    for name in ("log_loss", "mel/auc", "mel/precision", "mel/f1"):
        assert one[name].not_estimable, name
        low, high = measured()[name].interval
        assert low < measured()[name].value < high
    assert one["accuracy"].interval == wilson_interval(6 / 8, 1, 0.95)


def test_a_mean_that_no_resample_defines_has_no_interval():
    """Two classes of one lesion each: three resamples of three are of one class alone."""
    two = Predictions(
        CLASSES, np.array([0, 1]), np.array([[0.9, 0.1], [0.8, 0.2]]), np.array(["a", "b"])
    )
    seed = next(s for s in range(99) if _misses_a_class(s))
    found = measure(two, RULE, EVALUATE, 3, np.random.default_rng(seed))
    assert found["macro_f1"].not_estimable
    assert found["balanced_accuracy"].interval is not None


def _misses_a_class(seed):
    counts = np.random.default_rng(seed).multinomial(2, [0.5, 0.5], size=3)
    return (counts.max(1) == 2).all()


def test_no_interval_anywhere_has_no_width():
    for groups in (GROUPS, np.full(8, "a"), np.arange(8).astype(str)):
        for name, estimate in measured(groups=groups).items():
            assert estimate.interval is None or estimate.low < estimate.high, name


def test_what_is_given_or_biased_has_no_interval_and_needs_none():
    found = measured()
    without = {name for name, estimate in found.items() if estimate.interval is None}
    assert without == {"images", "groups", "ece", "mel/support", "nv/support"}
    assert not any(estimate.not_estimable for estimate in found.values())
    plain = measured(samples=0).values()
    assert not any(estimate.interval or estimate.not_estimable for estimate in plain)


def test_a_wider_confidence_is_a_wider_interval_and_the_generator_draws_it():
    wide, narrow = (
        measured(evaluate=EVALUATE.model_copy(update={"confidence": confidence}))["accuracy"]
        for confidence in (0.95, 0.5)
    )
    assert wide.low < narrow.low <= narrow.high < wide.high
    assert measured() == measured()
    assert measured(seed=2)["log_loss"].interval != measured()["log_loss"].interval


def test_what_calibration_mends_is_told_without_it():
    found = measure_uncalibrated(predictions(), EVALUATE)
    truth = np.where(LABELS == 0, SCORES, 1 - SCORES)
    best = np.maximum(SCORES, 1 - SCORES)
    assert list(found) == ["ece_uncalibrated", "log_loss_uncalibrated"]
    assert found["log_loss_uncalibrated"].value == pytest.approx(-np.log(truth).mean())
    # All are more than half sure, and so are in the second of the two bins.
    assert found["ece_uncalibrated"].value == pytest.approx(abs(best.mean() - 6 / 8))
    assert {estimate.groups for estimate in found.values()} == {6}
