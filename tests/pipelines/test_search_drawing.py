"""Pictures of the search stage: compared by the metric that was searched by."""

import pandas as pd
import pytest

from conf_params import params_of
from dermaflow.pipelines.search.drawing import create_pipeline
from pipelines.drawings import draw
from reporting.artists import heading, panel

TRIALS = pd.DataFrame(
    {
        "trial": [1, 2],
        "state": ["finished", "finished"],
        "epochs": [2, 2],
        "value": [0.4, 0.7],
        "loss.focal_gamma": [0.0, 2.0],
        "learning_rate": [0.001, 0.004],
        "epoch_1": [0.3, 0.6],
        "epoch_2": [0.4, 0.7],
    }
)
SPACE = {
    "learning_rate": {"low": 0.0002, "high": 0.004},
    "loss.focal_gamma": {"choices": [0.0, 2.0]},
}


@pytest.mark.parametrize(
    ("metric", "best", "words"),
    [("val_balanced_accuracy", 2, "balanced accuracy"), ("val_loss", 1, "loss")],
)
def test_the_best_is_the_one_by_the_metric_of_the_search(metric, best, words):
    search = params_of("search", {"metric": metric, "space": SPACE})
    inputs = {"search_trials": TRIALS, "params:search": search}
    figures = draw(create_pipeline(), "search_figures", inputs)
    assert list(figures) == ["01_trials.png", "02_parameters.png"]
    caption = heading(figures["01_trials.png"])[1]
    assert caption.endswith(f"trial {best} came to the best {words}")
    parameters = figures["02_parameters.png"]
    named = [axes.get_title(loc="left") for axes in parameters.axes if axes.axison]
    assert named == list(SPACE)
    points, _ = panel(parameters, "loss.focal_gamma").collections
    assert points.get_offsets()[:, 1].tolist() == [0.4, 0.7]
