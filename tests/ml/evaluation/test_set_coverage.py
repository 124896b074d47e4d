"""What sets are worth: shares by hand, their names, and what a gate may ask of them."""

import numpy as np
import pandas as pd
import pytest

from dermaflow.ml.evaluation.conformal import Cell, ConformalSets
from dermaflow.ml.evaluation.coverage_band import SetAnswers
from dermaflow.ml.evaluation.estimate import Estimate
from dermaflow.ml.evaluation.images_behind import images_behind
from dermaflow.ml.evaluation.set_coverage import check_coverage, measure_subgroup, score_sets

CLASSES = ["df", "mel", "nv"]
CELLS = (
    Cell(("mel",), 92, 0.2, False),
    Cell(("nv",), 800, 0.5, False),
    Cell(("df",), 11, 0.1, True),
)
SETS = ConformalSets(0.9, CELLS, True)


def answers_of(lesions):
    """``label`` -> for each lesion, for each of its images, the classes in its set."""
    rows = [
        {"label": label, "group_id": f"{label}{number}"}
        | {f"in_set_{code}": code in members for code in CLASSES}
        for label, images in lesions.items()
        for number, sets in enumerate(images)
        for members in sets
    ]
    table = pd.DataFrame(rows)
    return table.assign(image_id=[f"i{number}" for number in range(len(table))])


@pytest.fixture
def answers():
    """20 melanomas: one of three images, none covered; the others of one each, covered."""
    return answers_of(
        {
            "mel": [[["nv"], [], ["nv"]], *[[["mel"]]] * 16, *[[["mel", "nv"]]] * 3],
            "nv": [[["nv"], ["nv"]]] * 10,
            "df": [[["df", "nv"]], [[]]],
        }
    )


@pytest.fixture
def scores(answers):
    return score_sets([SetAnswers(answers, SETS)], CLASSES, 0.95)


def test_shares_are_of_images_and_their_intervals_of_lesions(scores):
    images, lesions = 22 + 20 + 2, 32
    covered = scores["coverage"]
    assert covered.value == (19 + 20 + 1) / images
    assert covered.groups == lesions
    # Wilson's ends are where the share is 1.96 standard errors from what is observed.
    for end in covered.interval:
        error = 1.959964 * np.sqrt(end * (1 - end) / lesions)
        assert abs(end - covered.value) == pytest.approx(error, rel=1e-6)
    assert scores["set_size"] == Estimate((2 + 16 + 6 + 20 + 2) / images, groups=lesions)
    assert scores["empty_sets"].value == 2 / images
    assert scores["singleton_sets"].value == (2 + 16 + 20) / images
    assert scores["mel/coverage"].value == 19 / 22
    assert scores["mel/coverage"].groups == 20
    assert scores["mel/lesion_coverage"].value == 19 / 20
    assert scores["nv/coverage"].value == 1
    assert scores["nv/coverage"].high == 1
    assert scores["nv/coverage"].low == pytest.approx(0.722, abs=1e-3)  # of 10 of 10


def test_each_class_is_looked_at_by_lesions_within_its_band(scores):
    assert scores["mel/expected_coverage"].value == pytest.approx(84 / 93)
    assert scores["mel/expected_coverage"].groups == 20
    assert scores["mel/coverage_in_band"] == Estimate(1.0, groups=20)
    assert "df/expected_coverage" not in scores
    assert scores["small-classes/lesion_coverage"].value == 1 / 2
    assert scores["small-classes/coverage_in_band"].value == 1
    assert scores["coverage_in_band"].value == 1


def test_a_gate_reads_each_class_and_whether_the_epoch_was_chosen(answers):
    lost = answers.assign(in_set_mel=False)
    for chose_epoch in (True, False):
        sets = ConformalSets(0.9, CELLS, chose_epoch)
        found = score_sets([SetAnswers(lost, sets)], CLASSES, 0.95)
        check = check_coverage(found)
        assert check.in_band == {"mel": False, "nv": True, "small-classes": True}
        assert check.is_gate != chose_epoch
        assert found["coverage_in_band"].value == 0
        assert found["sets_chose_epoch"].value == chose_epoch
    assert check_coverage({"accuracy": Estimate(0.5)}) is None


def test_the_more_classes_are_looked_at_the_wider_the_bands(answers):
    few = score_sets([SetAnswers(answers, SETS)], CLASSES, 0.95)["mel/expected_coverage"]
    more = answers.assign(in_set_bkl=False, in_set_vasc=False, in_set_akiec=False, in_set_bcc=False)
    sets = ConformalSets(
        0.9, (*CELLS[:2], Cell(("akiec", "bcc", "bkl", "df", "vasc"), 9, 0, True)), True
    )
    seven = ["akiec", "bcc", "bkl", "df", "mel", "nv", "vasc"]
    assert score_sets([SetAnswers(more, sets)], seven, 0.95)["mel/expected_coverage"].low < few.low


def test_nothing_is_said_of_nothing():
    assert score_sets([], CLASSES, 0.95) == {}


def test_names_are_those_of_no_other_metric(scores, answers):
    from dermaflow.ml.evaluation.predictions import Predictions

    ones = np.full((len(answers), 3), 1 / 3)
    labels = pd.Index(CLASSES).get_indexer(answers["label"])
    others = images_behind(Predictions(tuple(CLASSES), labels, ones, labels.astype(str)), {})
    assert not set(scores) & set(others)


def test_a_subgroups_coverage_needs_lesions(answers):
    rows = {row["measure"]: row for row in measure_subgroup(answers, CLASSES, 25, 0.95)}
    assert rows["coverage"]["value"] == 40 / 44
    assert rows["coverage"]["low"] < 40 / 44 < rows["coverage"]["high"]
    assert rows["coverage"]["note"] == ""
    assert np.isnan(rows["mel/coverage"]["value"])
    assert rows["mel/coverage"]["note"] == "insufficient data: 20 groups of mel, 25 are needed"
    without = answers.drop(columns=["in_set_df"])
    assert list(measure_subgroup(without, CLASSES, 25, 0.95)) == []
    naevi = answers[answers["label"] == "nv"]
    assert next(iter(measure_subgroup(naevi, ["df", "nv"], 5, 0.95)))["value"] == 1
