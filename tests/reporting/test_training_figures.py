"""The figure of a training: four curves, and the epoch that was kept."""

import pytest

from dermaflow.reporting.style import ACCENT, QUIET
from dermaflow.reporting.training_figures import draw_history
from reporting.artists import heading, panel

# Epochs as they are after a training that went on; no value occurs twice.
HISTORY = {
    "epochs": [
        {
            "epoch": epoch,
            "train_loss": 2.0 / epoch,
            "val_loss": 3.0 / epoch,
            "val_accuracy": 0.1 * epoch,
            "val_balanced_accuracy": 0.15 * epoch,
        }
        for epoch in (1, 2, 4)
    ],
    "best_epoch": 2,
    "real_images": 7010,
    "synthetic_images": 250,
}


@pytest.fixture(scope="module")
def figure():
    return draw_history(HISTORY)


@pytest.mark.parametrize(
    ("title", "curves"),
    [
        (
            "Loss (validation: cross entropy)",
            {
                "training (the loss set in conf)": ([2, 1, 0.5], QUIET),
                "validation": ([3, 1.5, 0.75], ACCENT),
            },
        ),
        (
            "Validation images",
            {
                "accuracy": ([0.1, 0.2, 0.4], QUIET),
                "balanced accuracy": ([0.15, 0.3, 0.6], ACCENT),
            },
        ),
    ],
)
def test_each_curve_is_drawn_over_its_epochs_under_its_name(figure, title, curves):
    axes = panel(figure, title)
    lines = {line.get_label(): line for line in axes.lines if line.get_linestyle() == "-"}
    assert list(lines) == list(curves)
    for name, (values, colour) in curves.items():
        assert list(lines[name].get_xdata()) == [1, 2, 4]
        assert lines[name].get_ydata() == pytest.approx(values)
        assert lines[name].get_color() == colour


def test_the_epoch_that_was_kept_is_marked_in_both_panels_and_told(figure):
    for axes in figure.axes:
        (kept,) = (line for line in axes.lines if line.get_linestyle() == ":")
        assert list(kept.get_xdata()) == [2, 2]
    assert heading(figure)[1] == "7010 real and 250 synthetic images; epoch 2 was kept"


def test_scores_are_shown_from_0_to_1(figure):
    assert panel(figure, "Validation images").get_ylim() == (0, 1)
