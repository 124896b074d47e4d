"""What a comparison says of runs, and what it warns of."""

import numpy as np

from dermaflow.ml.evaluation.estimate import Estimate
from dermaflow.ml.evaluation.paired_difference import Resampling
from dermaflow.reporting.comparison.compare_runs import (
    compare_runs,
    compare_two,
    differing_parameters,
)

RESAMPLING = Resampling(samples=200, confidence=0.9, seed=3, least=5)


def test_only_parameters_that_differ_are_kept_and_an_absent_one_differs(make_run):
    runs = [
        make_run("A", parameters={"same": "1", "other": "1"}),
        make_run("B", parameters={"same": "1", "other": "2", "new": "x"}),
        make_run("C", parameters={"same": "1", "other": "1", "new": "x"}),
    ]
    assert differing_parameters(runs) == {"new": [None, "x", "x"], "other": ["1", "2", "1"]}


def test_intervals_are_made_as_the_first_run_says(make_run):
    comparison = compare_runs("e", [make_run("A"), make_run("B", parameters={})])
    assert comparison.resampling == RESAMPLING
    assert comparison.interval_name == "90 % interval"
    assert comparison.differences[0].estimates["accuracy"] == Estimate(
        0, groups=40, not_estimable=True
    )


def test_without_the_first_runs_parameters_there_is_no_interval_and_it_is_said(make_run):
    comparison = compare_runs("e", [make_run("A", parameters={"seed": "3"}), make_run("B")])
    (difference,) = comparison.differences
    assert difference.estimates["accuracy"] == Estimate(0.0, groups=40)
    assert any("evaluate.bootstrap_samples" in text for text in difference.warnings)


def test_equal_data_and_test_splits_raise_no_warning(make_run):
    difference = compare_two(make_run("A"), make_run("B"), RESAMPLING)
    assert (difference.images, difference.groups, difference.warnings) == (80, 40, ())


def test_images_only_one_run_tested_on_are_counted_by_where_the_other_had_them(
    make_run, predictions
):
    other = predictions()
    other.loc[80:83, "split"] = "val"  # four to validation
    other = other.drop(index=[84, 85, 86])  # three to training, or nowhere
    difference = compare_two(make_run("A"), make_run("B", predictions=other), RESAMPLING)
    assert difference.images == 73
    (warning,) = difference.warnings
    assert warning == (
        "7 of 80 test images of A left out, not being in the test split of B: its validation split "
        "holds 4, and its training data may hold 3."
    )


def test_different_and_unknown_data_versions_are_warned_of(make_run):
    for version, said in (("v2", "v1 and v2"), (None, "v1 and unknown")):
        difference = compare_two(make_run("A"), make_run("B", data_version=version), RESAMPLING)
        (warning,) = difference.warnings
        assert said in warning
        assert "cannot be excluded" in warning
        assert difference.images == 80


def test_relabelled_images_are_left_out_and_counted(make_run, predictions):
    other = predictions()
    other.loc[90, "label"] = "mel" if other.loc[90, "label"] == "nv" else "nv"
    difference = compare_two(make_run("A"), make_run("B", predictions=other), RESAMPLING)
    assert difference.images == 79
    assert difference.warnings == (
        "1 common test image left out, for the runs do not agree on the label.",
    )


def test_few_groups_are_warned_of(make_run, predictions):
    few = predictions(images=40)
    difference = compare_two(
        make_run("A", predictions=few), make_run("B", predictions=few), RESAMPLING
    )
    assert difference.groups == 10
    (warning,) = difference.warnings
    assert warning.startswith("10 groups in common are few")


def test_why_there_is_no_paired_difference_is_said(make_run, predictions):
    disjoint = predictions().assign(image_id=lambda t: "x" + t["image_id"])
    cases = {
        "B left no predictions": {"predictions": None, "classes": ()},
        "tell other classes apart": {"classes": ("mel", "bkl")},
        "no image is in the test split of both": {"predictions": disjoint},
        "do not fit together": {"predictions": predictions().drop(columns="p_nv")},
    }
    for reason, changes in cases.items():
        difference = compare_two(make_run("A"), make_run("B", **changes), RESAMPLING)
        assert (difference.images, difference.estimates) == (0, {})
        assert reason in difference.warnings[-1]


def test_classes_in_another_order_are_the_same_classes(make_run):
    turned = make_run("B", classes=("nv", "mel"))
    difference = compare_two(make_run("A"), turned, RESAMPLING)
    assert difference.estimates["macro_auc"].value == 0
    assert np.isfinite(difference.estimates["mel/auc"].value)
