"""Figures say what the predictions say, for few and many classes, and leave no state behind."""

import io
from dataclasses import replace

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from sklearn.metrics import average_precision_score

from dermaflow.ml.evaluation.decision_rule import DecisionRule, Threshold
from dermaflow.ml.evaluation.estimate import Estimate
from dermaflow.ml.evaluation.metrics import score
from dermaflow.ml.evaluation.operating_points import score_calls
from dermaflow.ml.evaluation.predictions import Predictions
from dermaflow.reporting import curve_figures as curves
from dermaflow.reporting import evaluation_figures as evaluation
from dermaflow.reporting import operating_point_figures as operating_points
from dermaflow.reporting.style import CLASS_COLOURS, class_colours, class_name, new_figure

CLASSES = ("bcc", "mel", "nv")
RULE = DecisionRule(thresholds={"strict": Threshold("mel", 0.6), "wide": Threshold("mel", 0.25)})
POINTS = {
    "strict": {"class": "mel", "specificity": 0.9, "threshold": 0.6, "validation": {}},
    "wide": {"class": "mel", "recall": 0.8, "threshold": 0.25, "validation": {"recall": 0.81}},
}
CODES = {"strict": "mel", "wide": "mel"}


def make_predictions(classes: tuple[str, ...] = CLASSES, images: int = 60) -> Predictions:
    """The last class has no image when there are more than three."""
    rng = np.random.default_rng(0)
    present = len(classes) - (len(classes) > 3)
    labels = rng.integers(0, present, images)
    logits = rng.normal(size=(images, len(classes))) + np.eye(len(classes))[labels]
    probabilities = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    return Predictions(classes, labels, probabilities, (np.arange(images) // 2).astype(str))


def scores_of(predictions: Predictions) -> dict[str, Estimate]:
    """Metrics with made-up intervals around them."""
    ones = np.ones((1, len(predictions)))
    values = score(predictions, ones, 10, ())
    if "mel" in predictions.classes:
        values |= score_calls(predictions, RULE, ones)
    points = {name: float(v[0]) for name, v in values.items() if not np.isnan(v[0])}
    return {name: Estimate(value, value, value) for name, value in points.items()}


def draw_all(predictions: Predictions, scores: dict[str, Estimate]) -> list[Figure]:
    points = POINTS if "mel" in predictions.classes else {}
    codes = {name: CODES[name] for name in points}
    figures = [
        evaluation.draw_summary(predictions, scores, 0.95),
        evaluation.draw_confusion(predictions),
        curves.draw_roc(predictions, scores, codes),
        curves.draw_precision_recall(predictions, scores, codes),
        evaluation.draw_reliability(predictions, predictions, scores, 10),
    ]
    if points:
        figures.append(operating_points.draw_operating_points(predictions, scores, points, 0.95))
    return figures


def png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=50, bbox_inches="tight", metadata={"Software": None})
    return buffer.getvalue()


def texts(axis: Axes) -> list[str]:
    return [text.get_text() for text in axis.texts]


@pytest.mark.parametrize(
    "classes", [("benign", "mel"), tuple(f"kind_{number}" for number in range(9))]
)
@pytest.mark.filterwarnings("error")
def test_draws_few_and_many_classes_and_one_without_images(classes: tuple[str, ...]) -> None:
    predictions = make_predictions(classes)
    for figure in draw_all(predictions, scores_of(predictions)):
        assert png(figure).startswith(b"\x89PNG")


@pytest.mark.filterwarnings("error")
def test_draws_without_intervals() -> None:
    predictions = make_predictions()
    scores = {name: Estimate(e.value) for name, e in scores_of(predictions).items()}
    summary = draw_all(predictions, scores)[0]
    assert not any("intervals" in text.get_text() for text in summary.texts)


def test_same_predictions_same_bytes_and_nothing_left_in_matplotlib() -> None:
    predictions = make_predictions()
    before = dict(mpl.rcParams)
    pictures = [
        [png(figure) for figure in draw_all(predictions, scores_of(predictions))] for _ in range(2)
    ]
    assert pictures[0] == pictures[1]
    assert dict(mpl.rcParams) == before


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


def drawn_curve(figure: Figure, code: str) -> tuple[np.ndarray, np.ndarray]:
    axis = next(axis for axis in figure.axes if axis.get_title(loc="left") == class_name(code))
    line = next(line for line in axis.lines if line.get_color() == CLASS_COLOURS[code])
    return np.asarray(line.get_xdata()), np.asarray(line.get_ydata())


def test_area_under_the_drawn_roc_is_the_auc() -> None:
    predictions = make_predictions()
    scores = scores_of(predictions)
    figure = curves.draw_roc(predictions, scores, {})
    for code in CLASSES:
        false, true = drawn_curve(figure, code)
        assert np.trapezoid(true, false) == pytest.approx(scores[f"{code}/auc"].value)


def test_area_under_the_drawn_precision_recall_steps_is_the_average_precision() -> None:
    predictions = make_predictions()
    figure = curves.draw_precision_recall(predictions, {}, {})
    for number, code in enumerate(CLASSES):
        recall, precision = drawn_curve(figure, code)
        expected = average_precision_score(
            predictions.labels == number, predictions.probabilities[:, number]
        )
        assert np.sum(np.diff(recall) * precision[1:]) == pytest.approx(expected)


def marks(figure: Figure) -> set[tuple[float, float]]:
    """Points that are marked in the panel of melanomas."""
    axis = next(axis for axis in figure.axes if axis.get_title(loc="left") == "Melanoma")
    dots = [line for line in axis.lines if line.get_marker() == "o"]
    return {(float(line.get_xdata()[0]), float(line.get_ydata()[0])) for line in dots}


def test_marked_points_are_the_reported_ones() -> None:
    predictions = make_predictions()
    scores = scores_of(predictions)

    def reported(x: str, y: str) -> set[tuple[float, float]]:
        return {(scores[f"{name}/{x}"].value, scores[f"{name}/{y}"].value) for name in CODES}

    roc = marks(curves.draw_roc(predictions, scores, CODES))
    expected = {(1 - x, y) for x, y in reported("specificity", "recall")}
    np.testing.assert_allclose(sorted(roc), sorted(expected))
    figure = curves.draw_precision_recall(predictions, scores, CODES)
    assert marks(figure) == reported("recall", "precision")


def test_marked_points_lie_on_the_roc_curve() -> None:
    predictions = make_predictions()
    figure = curves.draw_roc(predictions, scores_of(predictions), CODES)
    false, true = drawn_curve(figure, "mel")
    on_curve = np.stack([false, true], 1)
    for point in marks(figure):
        assert np.abs(on_curve - point).sum(1).min() == pytest.approx(0)


def test_the_figure_of_operating_points_tells_asked_validated_and_tested() -> None:
    predictions = make_predictions()
    scores = scores_of(predictions)
    figure = operating_points.draw_operating_points(predictions, scores, POINTS, 0.9)
    recall, _, precision = figure.axes
    assert texts(recall) == [f"{scores[f'{name}/recall'].value:.2f}" for name in POINTS]
    assert texts(precision) == [f"{scores[f'{name}/precision'].value:.2f}" for name in POINTS]
    rings = [line for line in recall.lines if line.get_markerfacecolor() == "none"]
    assert [line.get_xdata()[0] for line in rings] == [0.81]
    labels = [label.get_text() for label in recall.get_yticklabels()]
    assert labels == ["strict\nMelanoma: p ≥ 0.6000", "wide\nMelanoma: p ≥ 0.2500"]
    assert any("90% bootstrap" in text.get_text() for text in figure.texts)
    without = {name: value for name, value in scores.items() if "precision" not in name}
    figure = operating_points.draw_operating_points(predictions, without, POINTS, 0.9)
    assert texts(figure.axes[2]) == ["–", "–"]


def test_reliability_shows_what_the_temperature_mended() -> None:
    predictions = make_predictions()
    sure = predictions.probabilities**4
    plain = replace(predictions, probabilities=sure / sure.sum(1, keepdims=True))
    scores = {"ece": Estimate(0.05), "ece_uncalibrated": Estimate(0.2)}
    axis = evaluation.draw_reliability(predictions, plain, scores, 10).axes[0]
    assert axis.get_title(loc="left") == "Calibration error 0.050 (before: 0.200)"
    lines = {line.get_label(): np.asarray(line.get_xdata()) for line in axis.lines}
    assert np.nanmax(lines["before"]) > np.nanmax(lines["calibrated"])


def test_wilson_interval_by_hand() -> None:
    low, high = evaluation.wilson_interval(np.array([0.0, 5, 0]), np.array([10.0, 10, 0]))
    # Agresti and Coull 1998: 0 of 10 gives [0, 0.278], 5 of 10 gives [0.237, 0.763].
    np.testing.assert_allclose(low, [0, 0.237, np.nan], atol=5e-4)
    np.testing.assert_allclose(high, [0.278, 0.763, np.nan], atol=5e-4)


def test_a_class_keeps_its_colour_and_unknown_ones_get_free_ones() -> None:
    assert class_colours(["nv", "mel"]) == {"nv": CLASS_COLOURS["nv"], "mel": CLASS_COLOURS["mel"]}
    mixed = class_colours(["mel", *(f"kind_{number}" for number in range(12))])
    assert mixed["mel"] == CLASS_COLOURS["mel"]
    assert len(set(mixed.values())) == 13
    assert len(class_colours([f"kind_{number}" for number in range(40)])) == 40


@pytest.mark.parametrize("simulate", ["deuteranopia", "protanopia"])
def test_class_colours_differ_to_the_colour_blind(simulate: str) -> None:
    """Machado et al. 2009 (doi:10.1109/TVCG.2009.113), severity 1, on linear RGB."""
    matrices = {
        "protanopia": [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ],
        "deuteranopia": [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ],
    }
    rgb = np.array([mpl.colors.to_rgb(colour) for colour in CLASS_COLOURS.values()])
    seen = np.clip((rgb**2.2) @ np.array(matrices[simulate]).T, 0, 1) ** (1 / 2.2)
    distances = np.linalg.norm(seen[:, None] - seen[None], axis=-1)
    assert distances[~np.eye(len(seen), dtype=bool)].min() > 0.1


@pytest.mark.parametrize("caption", ["", "one line", "two\nlines"])
def test_heading_does_not_cover_the_axes(caption: str) -> None:
    figure, axes = new_figure(6, 3, "Title", caption)
    axes[0, 0].set_title("panel")
    figure.draw_without_rendering()
    lowest = min(text.get_window_extent().y0 for text in figure.texts)
    assert axes[0, 0].title.get_window_extent().y1 < lowest
    assert axes[0, 0]._left_title.get_window_extent().y1 < lowest
