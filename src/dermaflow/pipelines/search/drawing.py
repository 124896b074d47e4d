"""Pictures of the search stage."""

from __future__ import annotations

import pandas as pd
from kedro.pipeline import Pipeline, node, pipeline
from matplotlib.figure import Figure

from dermaflow.params.search import SearchParams


def create_pipeline() -> Pipeline:
    """From the table of trials to figures."""
    return pipeline(
        [
            node(
                draw_search,
                ["search_trials", "params:search"],
                "search_figures",
                name="draw_search",
            )
        ]
    )


def draw_search(trials: pd.DataFrame, search: SearchParams) -> dict[str, Figure]:
    """What each trial came to over its epochs, and against each parameter."""
    from dermaflow.reporting import search_figures as figures

    shown = figures.SearchFigures(trials, search.metric, search.maximise, list(search.space))
    return {
        "01_trials.png": figures.draw_trials(shown),
        "02_parameters.png": figures.draw_parameters(shown),
    }
