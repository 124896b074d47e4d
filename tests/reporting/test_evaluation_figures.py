"""Figures say what the predictions say, for few and many classes."""

import io
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure

from dermaflow.ml.evaluation.estimate import Estimate
from dermaflow.ml.evaluation.predictions import Predictions
from dermaflow.ml.evaluation.proportion_intervals import wilson_interval
from dermaflow.reporting import evaluation_figures as evaluation
from reporting.artists import heading, segments, texts
from reporting.small_predictions import CLASSES, make_predictions, scores_of


def draw_all(predictions: Predictions, scores: dict[str, Estimate]) -> list[Figure]:
    return [
        evaluation.draw_summary(predictions, scores, 0.95),
        evaluation.draw_confusion(predictions),
        evaluation.draw_reliability(predictions, predictions, scores, 10, 0.95),
    ]


def png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=50, bbox_inches="tight", metadata={"Software": None})
    return buffer.getvalue()


@pytest.mark.parametrize(
    "classes", [("benign", "mel"), tuple(f"kind_{number}" for number in range(9))]
)
@pytest.mark.filterwarnings("error")
def test_draws_few_and_many_classes_and_one_without_images(classes: tuple[str, ...]) -> None:
    predictions = make_predictions(classes)
    for figure in draw_all(predictions, scores_of(predictions)):
        assert png(figure).startswith(b"\x89PNG")


@pytest.mark.filterwarnings("error")
def test_a_class_without_images_is_named_with_the_size_of_the_split() -> None:
    text = evaluation.describe_split(make_predictions(("bcc", "mel", "nv", "vasc")))
    assert text == "Test split: 60 images of 30 groups, none of Vascular lesion"
    assert evaluation.describe_split(make_predictions()) == "Test split: 60 images of 30 groups"


def test_draws_without_intervals() -> None:
    predictions = make_predictions()
    scores = {name: Estimate(e.value) for name, e in scores_of(predictions).items()}
    summary = draw_all(predictions, scores)[0]
    assert not any("intervals" in text.get_text() for text in summary.texts)


def test_same_predictions_same_bytes() -> None:
    predictions = make_predictions()
    pictures = [
        [png(figure) for figure in draw_all(predictions, scores_of(predictions))] for _ in range(2)
    ]
    assert pictures[0] == pictures[1]


def test_confusion_cells_hold_share_and_count() -> None:
    labels = np.array([0, 0, 0, 0, 1, 1])
    called = np.array([0, 0, 0, 1, 1, 1])
    probabilities = 0.8 * np.eye(3)[called] + 0.2 / 3
    predictions = Predictions(CLASSES, labels, probabilities, np.arange(6).astype(str))
    axis = evaluation.draw_confusion(predictions).axes[0]
    cells = {
        (round(text.get_position()[1]), round(text.get_position()[0])): [] for text in axis.texts
    }
    for text in axis.texts:
        x, y = text.get_position()
        cells[round(y), round(x)].append(text.get_text())
    assert cells == {(0, 0): ["75%", "3"], (0, 1): ["25%", "1"], (1, 1): ["100%", "2"]}
    rows = [label.get_text() for label in axis.get_yticklabels()]
    assert rows == [
        "Basal cell carcinoma\n4 images",
        "Melanoma\n2 images",
        "Melanocytic naevus\n0 images",
    ]


def test_a_share_that_rounds_to_nothing_or_all_does_not_say_so() -> None:
    labels = np.zeros(1000, int)
    probabilities = np.tile([0.8, 0.1, 0.1], (1000, 1))
    probabilities[0] = [0.1, 0.8, 0.1]
    predictions = Predictions(CLASSES, labels, probabilities, np.arange(1000).astype(str))
    assert {">99%", "<1%"} <= set(texts(evaluation.draw_confusion(predictions).axes[0]))


def test_reliability_shows_what_the_temperature_mended() -> None:
    predictions = make_predictions()
    sure = predictions.probabilities**4
    plain = replace(predictions, probabilities=sure / sure.sum(1, keepdims=True))
    scores = {"ece": Estimate(0.05), "ece_uncalibrated": Estimate(0.2)}
    axis = evaluation.draw_reliability(predictions, plain, scores, 10, 0.9).axes[0]
    assert axis.get_title(loc="left") == "Calibration error 0.050 (before: 0.200)"
    lines = {line.get_label(): np.asarray(line.get_xdata()) for line in axis.lines}
    assert np.nanmax(lines["before"]) > np.nanmax(lines["calibrated"])


def test_reliability_bars_are_of_the_lesions_in_each_bin() -> None:
    """Forty images of ten lesions, all 0.75 sure, of which three quarters are right."""
    labels = np.repeat([0, 0, 0, 1], 10)
    probabilities = np.tile([0.75, 0.25, 0], (40, 1))
    groups = np.tile(np.arange(10), 4).astype(str)
    predictions = Predictions(CLASSES, labels, probabilities, groups)
    figure = evaluation.draw_reliability(predictions, predictions, {}, 10, 0.9)
    (bar,) = segments(figure.axes[0])
    assert bar[:, 1] == pytest.approx(wilson_interval(0.75, 10, 0.9))
    assert bar[:, 0].tolist() == [0.75, 0.75]
    assert "90% Wilson intervals that count groups" in heading(figure)[1]


def test_a_headline_of_too_few_lesions_is_words_and_one_without_spread_says_so() -> None:
    predictions = make_predictions()
    scores = scores_of(predictions) | {
        "accuracy": Estimate(0.9, 0.5, 1.0, 3).require_groups(10),
        "macro_auc": Estimate(1.0, groups=30, not_estimable=True),
    }
    figure = evaluation.draw_summary(predictions, scores, 0.95)
    written = {axis.texts[0].get_text(): texts(axis)[1:] for axis in figure.axes[:4]}
    assert written["Accuracy"] == ["insufficient data", "(3 of 10 groups)"]
    assert written["Macro AUC"] == ["1.000", "interval not estimable"]
    assert "†: interval not estimable" in heading(figure)[1]
