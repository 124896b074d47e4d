"""Figures of a search show every trial, and mark the one that was chosen."""

import numpy as np
import pandas as pd
import pytest

from dermaflow.reporting.search_figures import SearchFigures, draw_parameters, draw_trials


@pytest.fixture
def figures():
    trials = pd.DataFrame(
        {
            "trial": [1, 2, 3, 4],
            "state": ["finished", "halved", "finished", "failed"],
            "epochs": [3, 1, 3, 1],
            "value": [0.62, 0.4, 0.7, 0.2],
            "learning_rate": [0.001, 0.0002, 0.004, 0.01],
            "mix.probability": [0.0, 0.5, 0.5, 0.0],
            "colour_constancy": [np.nan, 6.0, np.nan, 6.0],
            "epoch_1": [0.5, 0.4, 0.55, 0.2],
            "epoch_2": [0.6, np.nan, 0.7, np.nan],
            "epoch_3": [0.62, np.nan, 0.69, np.nan],
        }
    )
    keys = ["learning_rate", "mix.probability", "colour_constancy"]
    return SearchFigures(trials, "val_balanced_accuracy", True, keys)


def test_a_line_a_trial_as_far_as_it_came_and_the_best_stands_out(figures):
    figure = draw_trials(figures)
    (axis,) = figure.axes
    assert [len(line.get_xdata()) for line in axis.lines] == [3, 1, 3, 1]
    widths = [line.get_linewidth() for line in axis.lines]
    assert int(np.argmax(widths)) == 2
    labels = [text.get_text() for text in axis.get_legend().get_texts()]
    assert "trial 3, the best" in labels
    assert "trial 1, the recipe as it stands" in labels
    assert "4 trials, of which 2 were trained to their end" in figure.texts[1].get_text()


def test_a_panel_a_parameter_with_every_trial_after_the_epoch_that_all_reached(figures):
    figure = draw_parameters(figures)
    panels = {axis.get_title(loc="left"): axis for axis in figure.axes if axis.collections}
    assert list(panels) == figures.keys
    for axis in panels.values():
        points, ring = axis.collections
        assert points.get_offsets()[:, 1].tolist() == [0.5, 0.4, 0.55, 0.2]
        assert ring.get_offsets().tolist() == [points.get_offsets()[2].tolist()]
    assert panels["learning_rate"].get_xscale() == "log"
    names = [tick.get_text() for tick in panels["colour_constancy"].get_xticklabels()]
    assert names == ["none", "6.0"]
    assert "after epoch 1, which all reached" in figure.texts[1].get_text()


def test_of_a_loss_the_least_is_the_best(figures):
    lesser = SearchFigures(figures.trials, "val_loss", False, figures.keys)
    assert lesser.trials.at[lesser.best, "trial"] == 1
    assert lesser.name == "loss"


def test_numbers_on_a_logarithmic_axis_are_no_formulas(figures):
    figure = draw_parameters(figures)
    figure.canvas.draw()
    rates = next(axis for axis in figure.axes if axis.get_title(loc="left") == "learning_rate")
    assert rates.get_xscale() == "log"
    names = [text.get_text() for text in rates.get_xticklabels(which="both")]
    assert [name for name in names if name] and not [name for name in names if "$" in name]
