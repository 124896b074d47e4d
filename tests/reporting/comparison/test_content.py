"""What a comparison says, as plain data: its words, and which classes it is of."""

import pytest

from dermaflow.ml.evaluation.estimate import Estimate
from dermaflow.ml.evaluation.paired_difference import Resampling
from dermaflow.reporting.comparison.content import Comparison, count


def compare(*runs, resampling=None):
    return Comparison("e", runs, {}, (), resampling)


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0 images"), (1, "1 image"), (2, "2 images"), (1502, "1,502 images")]
)
def test_what_is_counted_is_in_the_singular_for_one_alone(number, text):
    assert count(number, "image") == text


def test_classes_are_those_of_the_models_in_their_order_then_those_that_only_have_scores(make_run):
    first = make_run("A", classes=("nv", "mel"), scores={"scc/f1": Estimate(0.4)})
    second = make_run("B", classes=("mel", "bcc"), scores={"ak/f1": Estimate(0.4)})
    assert compare(first, second).classes == ["nv", "mel", "bcc", "ak", "scc"]


def test_an_operating_point_is_no_class(make_run):
    scores = {f"mel_recall_90/{m}": Estimate(0.5) for m in ("recall", "specificity", "precision")}
    run = make_run("A", classes=(), scores=scores | {"mel/f1": Estimate(0.5)})
    assert compare(run).classes == ["mel"]


@pytest.mark.parametrize(
    ("confidence", "text"), [(0.95, "95 % interval"), (0.975, "97.5 % interval")]
)
def test_an_interval_is_named_by_its_confidence(confidence, text):
    resampling = Resampling(samples=200, confidence=confidence, seed=3)
    assert compare(resampling=resampling).interval_name == text


def test_an_interval_of_unknown_confidence_has_no_number():
    assert compare().interval_name == "interval"


def test_a_run_is_drawn_by_its_letter_and_the_first_eight_digits_of_its_id(make_run):
    run = make_run("B", run_id="0123456789abcdef", name="$\\frac$")
    assert run.tag == "B · 01234567"
