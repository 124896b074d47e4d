"""A comparison in words: what differs, by how much, and what to beware of."""

import re

import pytest

from dermaflow.ml.evaluation.estimate import Estimate
from dermaflow.ml.evaluation.paired_difference import Resampling
from dermaflow.reporting.comparison.comparison_text import (
    count_common,
    format_duration,
    judge,
    summarise,
)
from dermaflow.reporting.comparison.content import Comparison, Difference

HIGHER, LOWER, OPEN = (
    Estimate(0.2, 0.1, 0.3),
    Estimate(-0.2, -0.3, -0.1),
    Estimate(0.1, -0.1, 0.3),
)


def compare(runs, *differences, parameters=None):
    return Comparison("derma", tuple(runs), parameters or {}, differences, Resampling(9, 0.9, 3))


@pytest.fixture
def text(make_run):
    first = make_run("A", scores={"accuracy": Estimate(0.8, 0.7, 0.9), "mel/f1": Estimate(0.5)})
    second = make_run(
        "B",
        scores={"accuracy": Estimate(0.85)},
        commit=None,
        data_version=None,
        missing=("It has no x.",),
    )
    third = make_run("C", name="\x1b[31mred\n", dirty=True, scores={})
    differences = (
        Difference("B", 1, 1, {"accuracy": HIGHER, "mel/f1": OPEN}, ("Few.", "Old data.")),
        Difference("C", 0, 0, {}, ("No predictions.",)),
    )
    parameters = {"train.epochs": ("2", None, "x" * 49), "seed": ("y" * 48, "4", "5")}
    return summarise(compare([first, second, third], *differences, parameters=parameters))


def cells(text, begin):
    """Cells of the line that begins so."""
    (line,) = (line for line in text.splitlines() if line.strip().startswith(begin))
    return re.split(r" {2,}", line.strip())


def test_each_run_has_a_line_of_where_it_came_from(text):
    assert text.splitlines()[0] == "3 runs of the experiment derma"
    started = "2026-01-02 03:04 UTC"
    assert cells(text, "A  a") == [
        *("A", "aaaaaaaa", "run A", started, "FINISHED", "commit 01234567", "data v1"),
    ]
    assert cells(text, "B  b")[-2:] == ["no commit", "data unknown"]
    assert cells(text, "C  c")[-2:] == ["commit 01234567 with changes", "data v1"]


@pytest.mark.parametrize(
    ("commit", "dirty", "shown"),
    [
        ("c0ffee00" * 5, None, "commit c0ffee00 changes unknown"),
        ("unknown", None, "commit unknown"),
        (None, None, "no commit"),
    ],
)
def test_code_that_git_did_not_know_is_not_shown_as_clean(make_run, commit, dirty, shown):
    runs = [make_run("A"), make_run("B", commit=commit, dirty=dirty)]
    text = summarise(compare(runs, Difference("B", 0, 0, {}, ())))
    assert cells(text, "B  b")[-2] == shown


def test_parameters_are_under_their_runs_a_dash_for_none_and_long_ones_cut(text):
    assert cells(text, "train.epochs") == ["train.epochs", "2", "–", "x" * 47 + "…"]
    assert cells(text, "seed") == ["seed", "y" * 48, "4", "5"]


def test_without_differing_parameters_that_is_said(make_run):
    text = summarise(compare([make_run("A"), make_run("B")]))
    assert "\nParameters that differ\n  none\n" in text


def test_metrics_are_beside_their_differences_of_which_the_sure_ones_have_a_star(text):
    assert "Test metrics with 90 % interval" in text
    assert cells(text, "Accuracy") == [
        "Accuracy",
        *("0.800 [0.700, 0.900]", "0.850", "–"),
        *("+0.200 [+0.100, +0.300] *", "–"),
    ]
    assert cells(text, "Melanoma F1") == [
        "Melanoma F1",
        *("0.500", "–", "–"),
        *("+0.100 [−0.100, +0.300]", "–"),
    ]
    assert "  B − A" in text and "  C − A" in text


def test_what_cannot_be_told_is_said_in_place_of_numbers(make_run):
    few = Estimate(1.0, 0.34, 1.0, 2).require_groups(10)
    sure = Estimate(1.0, groups=30, not_estimable=True)
    runs = [make_run(letter, scores={"mel/recall": few, "accuracy": sure}) for letter in "AB"]
    estimates = {"mel/recall": few, "accuracy": Estimate(0.0, groups=30, not_estimable=True)}
    text = summarise(compare(runs, Difference("B", 30, 30, estimates, ())))
    words = "insufficient data (2 of 10 groups)"
    assert cells(text, "Melanoma recall") == ["Melanoma recall", words, words, words]
    assert cells(text, "Accuracy")[1:] == [
        *["1.000 interval not estimable"] * 2,
        "+0.000 interval not estimable",
    ]
    assert "\n  interval not estimable: the bootstrap finds no spread" in text
    assert "2 not told apart" in text


def test_warnings_follow_the_difference_that_they_are_of_and_lacks_come_last(text):
    after = text[text.index("\nB against A") :].splitlines()
    assert [line.split(";")[0] for line in after if line] == [
        "B against A: 1 test image of 1 group in common",
        "  ! Few.",
        "  ! Old data.",
        "C against A: not comparable image by image.",
        "  ! No predictions.",
        "  ! B: It has no x.",
    ]


def test_no_control_character_of_a_name_reaches_the_terminal(text):
    assert "\x1b" not in text
    assert "[31mred" in text
    assert all(line == line.rstrip() for line in text.splitlines())


def test_headlines_alone_are_counted_and_only_those_with_an_interval(make_run):
    estimates = {
        **dict.fromkeys(["accuracy", "balanced_accuracy", "mel/f1"], HIGHER),
        **dict.fromkeys(["macro_f1", "mel/recall"], LOWER),
        "mel/auc": OPEN,
        "macro_auc": Estimate(0.3),  # it has no interval
        "nv/f1": HIGHER,  # it is no headline
    }
    difference = Difference("B", 1502, 40, estimates, ())
    said = count_common(compare([make_run("A"), make_run("B")], difference), difference)
    assert said == (
        "B against A: 1,502 test images of 40 groups in common; of 6 headline metrics 3 are "
        "higher, 2 lower and 1 not told apart."
    )


@pytest.mark.parametrize(
    ("difference", "verdict"),
    [
        (HIGHER, "higher"),
        (LOWER, "lower"),
        (OPEN, "not told apart"),
        (Estimate(0.1, 0.0, 0.3), "not told apart"),  # 0 is in the interval
        (Estimate(0.1), ""),
        (Estimate(0.3, not_estimable=True), "not told apart"),
        (Estimate(0.3, 0.2, 0.4, 2).require_groups(10), "not told apart"),
        (None, ""),
    ],
)
def test_a_difference_is_told_apart_where_its_interval_excludes_0(difference, verdict):
    assert judge(difference) == verdict


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "has not ended"),
        (8.4, "took 8 s"),
        (59.6, "took 1 min 00 s"),
        (61, "took 1 min 01 s"),
        (3599.6, "took 1 h 00 min"),
        (7380, "took 2 h 03 min"),
    ],
)
def test_durations(seconds, text):
    assert format_duration(seconds) == text
