"""What a version must reach: bounds, lesions behind a figure, and nothing taken for granted."""

from dataclasses import replace

import numpy as np
import pytest

from conf_params import params_of
from dermaflow.errors import RegistryError
from dermaflow.ml.evaluation.estimate import Estimate
from dermaflow.registry.gates import check_calibration, check_gates, count_lesions, images_of_part
from registry.made_evidence import CLASSES, make_evidence, make_manifest, make_predictions

GATE = {
    "metric": "test/mel/recall",
    "direction": ">=",
    "bound": 0.6,
    "judged_by": "unfavourable_end",
    "least": 10,
    "below_least": "refuse",
}


@pytest.fixture(scope="module")
def evidence():
    """Of 60 tested lesions of each of three classes."""
    manifest = make_manifest(100)
    return make_evidence(manifest, make_predictions(manifest))


def gated(evidence, **gate):
    """The check of one gate."""
    gates = dict.fromkeys(params_of("promote").gates)
    promote = params_of("promote", {"gates": gates | {"asked": GATE | gate}})
    [check] = check_gates(evidence, promote)
    assert check.name == "asked"
    return check


def telling(evidence, metric, **estimate):
    """The same evidence with another figure of the test split."""
    return replace(
        evidence, parts={"test": evidence.parts["test"] | {metric: Estimate(**estimate)}}
    )


def with_lesions(evidence, code, count):
    """The same evidence with so many test lesions of a class."""
    images = evidence.images
    of_class = images[images["split"].eq("test") & images["label"].eq(code)]
    kept = of_class["group"].unique()[:count]
    return replace(evidence, images=images.drop(of_class[~of_class["group"].isin(kept)].index))


@pytest.mark.parametrize(
    ("gate", "found"),
    [
        ({"bound": 0.6}, "0.600 >= 0.600"),
        ({"bound": 0.61}, "0.600 < 0.610"),
        ({"bound": 0.7, "judged_by": "value"}, "0.700 >= 0.700"),
        ({"bound": 0.8, "direction": "<="}, "0.800 <= 0.800"),
        ({"bound": 0.79, "direction": "<="}, "0.800 > 0.790"),
        ({"bound": 0.7, "direction": "<=", "judged_by": "value"}, "0.700 <= 0.700"),
    ],
)
def test_the_end_that_speaks_against_the_version_must_reach_the_bound(evidence, gate, found):
    told = telling(evidence, "mel/recall", value=0.7, low=0.6, high=0.8, groups=60)
    check = gated(told, **gate)
    assert check.found == found
    assert check.passed == ("=" in found)


@pytest.mark.parametrize("metric", ["test/bcc/recall", "external/milk10k/macro_auc"])
def test_a_missing_figure_fails_even_a_bound_of_zero(evidence, metric):
    without = replace(evidence, parts={"test": {"mel/recall": Estimate(0.9)}})
    check = gated(without, metric=metric, bound=0, below_least="mark")
    assert (check.passed, check.found) == (False, f"{metric} is missing, 0.000 asked")


def test_two_melanomas_of_two_pass_no_gate_that_asks_for_more(evidence):
    two = with_lesions(evidence, "mel", 2)
    fooled = telling(two, "mel/recall", value=1.0, low=1.0, high=1.0, groups=2)
    check = gated(fooled)
    assert (check.passed, check.found) == (False, "2 lesions, 10 asked, 0.600 asked")
    marked = gated(fooled, below_least="mark")
    assert (marked.passed, marked.found) == (True, "1.000 >= 0.600 (marked: 2 lesions, 10 asked)")


def test_the_lesions_are_counted_and_not_believed(evidence):
    two = with_lesions(evidence, "mel", 2)
    boasting = telling(two, "mel/recall", value=1.0, low=0.9, high=1.0, groups=500)
    assert gated(boasting).found.startswith("2 lesions")


def test_a_marked_figure_must_reach_its_bound_all_the_same(evidence):
    two = with_lesions(evidence, "mel", 2)
    poor = telling(two, "mel/recall", value=0.5, low=0.1, high=0.9, groups=2)
    assert gated(poor, below_least="mark").found == "0.100 < 0.600 (marked: 2 lesions, 10 asked)"


@pytest.mark.parametrize(("below_least", "passed"), [("refuse", False), ("mark", True)])
def test_an_interval_that_cannot_be_estimated_is_as_too_few_lesions(evidence, below_least, passed):
    told = telling(evidence, "macro_auc", value=1.0, groups=180)
    check = gated(told, metric="test/macro_auc", below_least=below_least)
    assert check.passed == passed
    assert "no interval" in check.found


@pytest.mark.parametrize("metric", ["balanced_accuracy", "macro_auc", "macro_f1"])
def test_a_mean_over_classes_rests_on_the_smallest_class(evidence, metric):
    few = with_lesions(evidence, "bcc", 4)
    assert gated(few, metric=f"test/{metric}").found.startswith("4 lesions, 10 asked")
    assert gated(few, metric=f"test/{metric}", least=4, bound=0).passed
    assert gated(few, metric="test/accuracy", bound=0).passed


@pytest.mark.parametrize("below_least", ["refuse", "mark"])
def test_a_mean_that_leaves_a_class_out_reaches_no_bound(evidence, below_least):
    without = with_lesions(evidence, "bcc", 0)
    check = gated(without, metric="test/macro_auc", bound=0, least=0, below_least=below_least)
    assert (check.passed, check.found) == (False, "unknown for bcc, 0.000 asked")


def test_an_operating_point_rests_on_the_lesions_of_its_denominator(evidence):
    told = telling(evidence, "mel_recall_90/recall", value=0.9, low=0.8, high=0.95, groups=9)
    check = gated(told, metric="test/mel_recall_90/recall", bound=0.8)
    assert check.found.startswith("9 lesions, 10 asked")
    assert gated(told, metric="test/mel_recall_90/recall", bound=0.8, least=9).passed


def test_gates_of_external_sources_are_asked_of_each_that_there_is(evidence):
    gates = dict.fromkeys(params_of("promote").gates)
    external = {"auc": GATE | {"metric": "macro_auc", "bound": 0.5}}
    promote = params_of("promote", {"gates": gates, "external": external})
    assert list(check_gates(evidence, promote)) == []
    manifest = make_manifest(100)
    of_two = [make_manifest(20, prefix=f"{n}").assign(split="external", source=n) for n in "ab"]
    everything = np.concatenate([manifest, *of_two])
    both = manifest.iloc[:0].reindex(range(len(everything)))
    both[:] = everything
    two = make_evidence(both, make_predictions(both))
    checks = list(check_gates(two, promote))
    assert [check.name for check in checks] == ["external_a_auc", "external_b_auc"]
    assert all(check.passed for check in checks)
    worse = replace(two, parts=two.parts | {"external/b": {"macro_auc": Estimate(0.6, 0.4, 0.8)}})
    assert [check.passed for check in check_gates(worse, promote)] == [True, False]


def test_lesions_are_counted_once_whatever_their_images(evidence):
    tested = images_of_part(evidence, "test")
    assert count_lesions(tested, CLASSES) == dict.fromkeys(CLASSES, 60)
    assert len(tested) == 360


def calibrated(evidence, **changes):
    asked = {
        "part": "test",
        "quantile": 0.99,
        "tolerated": 0,
        "draws": 200,
        "least": 10,
        "below_least": "refuse",
    }
    return check_calibration(
        evidence, params_of("promote", {"calibration": asked | changes}).calibration, 10
    )


def right_evidence(sharpness=1.0):
    """Labels drawn from the probabilities, which are then made ``sharpness`` times as sure."""
    manifest = make_manifest(120, images=1)
    rng = np.random.default_rng(3)
    logits = rng.normal(size=(len(manifest), 3)) * 1.5
    powers = [np.exp(times * logits) for times in (1.0, sharpness)]
    right, told = (power / power.sum(1, keepdims=True) for power in powers)
    drawn = (rng.random((len(right), 1)) > right.cumsum(1)).sum(1)
    manifest["label"] = np.array(CLASSES, dtype=object)[drawn]
    columns = {f"p_{code}": told[:, place] for place, code in enumerate(CLASSES)}
    return make_evidence(manifest, manifest[["image_id"]].assign(**columns))


def test_right_probabilities_pass_though_their_error_is_above_zero():
    check = calibrated(right_evidence())
    assert check.passed, check.found
    assert float(check.found.split()[0]) > 0.02


def test_overconfident_probabilities_pass_only_where_their_error_is_tolerated():
    sure = right_evidence(sharpness=3.0)
    check = calibrated(sure)
    assert not check.passed
    assert calibrated(sure, tolerated=0.5).passed


def test_calibration_of_few_lesions_is_refused_or_marked():
    assert calibrated(right_evidence(), least=1000).found == "216 lesions, 1000 asked"
    marked = calibrated(right_evidence(), least=1000, below_least="mark")
    assert marked.passed
    assert marked.found.endswith("(marked: 216 lesions, 1000 asked)")


def test_calibration_of_an_untested_source_is_missing():
    check = calibrated(right_evidence(), part="external/milk10k")
    assert (check.passed, check.found) == (False, "external/milk10k is missing")


def test_a_tested_image_whose_label_is_no_class_is_refused(evidence):
    images = evidence.images.replace({"label": {"mel": "melanoma"}})
    with pytest.raises(RegistryError, match=r"no class: \['melanoma'\]"):
        calibrated(replace(evidence, images=images))
