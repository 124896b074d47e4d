"""Pictures of the evaluate stage."""

from __future__ import annotations

from typing import Any

import pandas as pd
from kedro.pipeline import Pipeline, node, pipeline
from matplotlib.figure import Figure

from dermaflow.ml.evaluation.decision_rule import DecisionRule, answer
from dermaflow.ml.evaluation.estimate import JsonParts, parts_from_json
from dermaflow.ml.evaluation.predictions import read_rows, reported_parts
from dermaflow.params.class_names import ClassNames
from dermaflow.params.evaluate import EvaluateParams


def create_pipeline() -> Pipeline:
    """From predictions and metrics to figures."""
    return pipeline(
        [
            node(
                draw_evaluation,
                inputs=[
                    "predictions",
                    "logits",
                    "decision_rule",
                    "metrics",
                    "subgroups",
                    "params:evaluate",
                    "classes",
                    "params:class_names",
                ],
                outputs="evaluation_figures",
                name="draw_evaluation",
            )
        ]
    )


def draw_evaluation(
    predictions: pd.DataFrame,
    logits: pd.DataFrame,
    decision_rule: dict[str, Any],
    metrics: JsonParts,
    subgroups: pd.DataFrame,
    evaluate: EvaluateParams,
    classes: list[str],
    class_names: ClassNames,
) -> dict[str, Figure]:
    """Figures of the test split, in the order a person reads them, and of all parts' subgroups."""
    from dermaflow.reporting import curve_figures as curves
    from dermaflow.reporting import evaluation_figures as evaluation
    from dermaflow.reporting import operating_point_figures as operating_points
    from dermaflow.reporting.set_figures import draw_sets
    from dermaflow.reporting.style import naming_classes
    from dermaflow.reporting.subgroup_figures import draw_subgroups

    rule = DecisionRule.from_dict(decision_rule)
    rows = predictions["split"] == "test"
    test = read_rows(predictions[rows], classes)
    plain = read_rows(answer(logits, DecisionRule(), classes)[rows], classes)
    scores = parts_from_json(metrics)["test"]
    codes = {name: threshold.code for name, threshold in rule.thresholds.items()}
    with naming_classes(class_names):
        figures = {
            "01_summary.png": evaluation.draw_summary(test, scores, evaluate.confidence),
            "02_confusion_matrix.png": evaluation.draw_confusion(test),
            "03_roc.png": curves.draw_roc(test, scores, codes),
            "04_precision_recall.png": curves.draw_precision_recall(test, scores, codes),
            "05_reliability.png": evaluation.draw_reliability(
                test, plain, scores, evaluate.calibration_bins, evaluate.confidence
            ),
        }
        if codes:
            figures["06_operating_points.png"] = operating_points.draw_operating_points(
                test, scores, decision_rule["operating_points"], evaluate.confidence
            )
        for part, rows_of_it in subgroups.groupby("part", sort=False):
            name = f"07_subgroups_{str(part).replace('/', '_')}.png"
            figures[name] = draw_subgroups(rows_of_it, str(part), evaluate.confidence)
        if rule.sets:
            of_part = {
                part: predictions[rows] for part, rows in reported_parts(predictions).items()
            }
            figures["08_sets.png"] = draw_sets(
                of_part, parts_from_json(metrics), rule.sets, classes, evaluate.confidence
            )
    return figures
