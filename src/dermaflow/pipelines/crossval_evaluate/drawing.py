"""Pictures of a cross-validation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
from kedro.pipeline import Pipeline, node, pipeline
from matplotlib.figure import Figure

from dermaflow.experiments.crossval.fold_summary import mean_synthetic, short_parts
from dermaflow.experiments.crossval.folds import mark
from dermaflow.ml.evaluation.estimate import JsonParts, parts_from_json
from dermaflow.ml.evaluation.predictions import read_rows
from dermaflow.params.evaluate import EvaluateParams


def create_pipeline() -> Pipeline:
    """From pooled predictions and metrics to figures."""
    return pipeline(
        [
            node(
                draw_folds,
                {
                    "predictions": "crossval_predictions",
                    "metrics": "crossval_metrics",
                    "folds": "crossval_folds",
                    "evaluate": "params:evaluate",
                    "classes": "classes",
                },
                "crossval_figures",
                name="draw_folds",
            )
        ]
    )


def draw_folds(
    predictions: pd.DataFrame,
    metrics: JsonParts,
    folds: dict[str, Any],
    evaluate: EvaluateParams,
    classes: list[str],
) -> dict[str, Figure]:
    """Headline figures of every fold and of all pooled, and melanoma's curves, if it is a class."""
    from dermaflow.reporting import crossval_figures as figures

    protocol = folds["protocol"]
    shown = figures.FoldFigures(
        pooled=read_rows(predictions, classes),
        fold_of=predictions["fold"].to_numpy(),
        folds_in_all=folds["folds_in_all"],
        leaking=protocol == "image",
        synthetic=mean_synthetic(folds["folds"]),
        scores=short_parts(parts_from_json(metrics), protocol),
        confidence=evaluate.confidence,
    )
    drawn = {"01_folds.png": figures.draw_folds(shown)}
    if "mel" in classes:
        points = evaluate.operating_points.items()
        codes = {name: point.class_ for name, point in points if name in predictions}
        drawn["02_melanoma.png"] = figures.draw_class(shown, "mel", codes)
    return {mark(Path(name).stem, protocol) + ".png": figure for name, figure in drawn.items()}
