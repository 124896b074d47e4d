"""Nodes of the stage that tells what the folds of a cross-validation are worth."""

from __future__ import annotations

import logging
from typing import Any

import pandas as pd

from dermaflow.experiments.crossval.fold_scores import score_fold, score_pooled
from dermaflow.experiments.crossval.fold_summary import lay_out, mean_leaking, tabulate
from dermaflow.experiments.crossval.folds import fold_name, mark, tags_of
from dermaflow.ml.evaluation.choose_rule import choose_rule
from dermaflow.ml.evaluation.decision_rule import DecisionRule, answer
from dermaflow.ml.evaluation.estimate import Estimate, JsonParts, Scores, parts_to_json
from dermaflow.params.evaluate import EvaluateParams
from dermaflow.tracking.metric_names import name_metrics
from dermaflow.tracking.mlflow_sink import current_sink

logger = logging.getLogger(__name__)


def decide_folds(
    crossval_logits: pd.DataFrame,
    crossval_folds: dict[str, Any],
    evaluate: EvaluateParams,
    classes: list[str],
) -> tuple[dict[str, Any], pd.DataFrame]:
    """Choose a decision rule a fold, on its validation images alone, and apply it to its test ones.

    Returns:
        ``fold_<number>`` -> rule, see ``choose_decision_rule``; and what the folds say of the
        images that they tested on, pooled: fold, and the columns of ``predictions``. An operating
        point that a fold cannot choose has no column.

    Raises:
        ParameterError: the logits are of other classes than ``classes``.
    """
    rules: dict[str, Any] = {}
    tables: list[pd.DataFrame] = []
    for facts in crossval_folds["folds"]:
        rows = crossval_logits[crossval_logits["fold"] == facts["fold"]]
        sides = dict(list(rows.groupby("split")))
        origin = {
            "classifier": facts["classifier"],
            "data_version": crossval_folds["data_version"],
        }
        views = crossval_folds["views"]
        rule = origin | choose_rule(sides["val"], classes, evaluate, views)
        rules[f"fold_{facts['fold']}"] = rule
        tables.append(answer(sides["test"], DecisionRule.from_dict(rule), classes))
    chosen = [set(rule["operating_points"]) for rule in rules.values()]
    partial = sorted(set.union(*chosen) - set.intersection(*chosen))
    if partial:
        logger.warning("Not chosen in every fold, and left out: %s", ", ".join(partial))
    pooled = pd.concat([table.drop(columns=partial, errors="ignore") for table in tables])
    return rules, pooled.reset_index(drop=True)


def score_folds(
    predictions: pd.DataFrame,
    logits: pd.DataFrame,
    rules: dict[str, Any],
    folds: dict[str, Any],
    evaluate: EvaluateParams,
    classes: list[str],
    seed: int,
) -> tuple[JsonParts, pd.DataFrame]:
    """Figures of all folds pooled and of each, which go to the folds' nested runs as well.

    Pooled, every image counts once, by the fold that tested on it; intervals are of a bootstrap
    that resamples groups across folds. The spread over folds is no standard error: their training
    images overlap, and no unbiased one can be had from them (Bengio and Grandvalet 2004, JMLR
    5:1089).

    Returns:
        Metrics by part, see ``parts_to_json``: ``crossval``, pooled; ``crossval_folds/mean`` and
        ``…/sd``, over folds; ``crossval_folds/fold_<number>``, the headline and the operating
        points of each. With the protocol ``image`` LEAKING is in the name of every part. And a
        table of the same, with all metrics of each fold.
    """
    protocol, sink = folds["protocol"], current_sink()
    tags = tags_of(protocol, folds.get("synthetic", False))
    sink.tag(tags)
    by_fold: dict[int, Scores] = {}
    of_fold = {
        facts["fold"]: DecisionRule.from_dict(rules[f"fold_{facts['fold']}"])
        for facts in folds["folds"]
    }
    for facts in folds["folds"]:
        number = facts["fold"]
        rows = logits[logits["fold"] == number]
        by_side = score_fold(rows, of_fold[number], evaluate, classes, seed)
        by_fold[number] = by_side["test"]
        told = ("fold", "seed", "images", "synthetic")
        parameters = {key: facts[key] for key in told if key in facts}
        parameters["train"] = folds["train"]
        name = fold_name(number, protocol)
        with sink.part(name, parameters, tags) as part:
            for side, scores in by_side.items():
                part.log(name_metrics({mark(side, protocol): scores}), step=0)
    pooled = score_pooled(predictions, logits, of_fold, evaluate, classes, seed)
    leaking = mean_leaking(folds["folds"])
    pooled |= {"folds": Estimate(len(by_fold)), "leaking_images": Estimate(leaking)}
    parts = lay_out(pooled, by_fold, list(evaluate.operating_points), protocol)
    return parts_to_json(parts), tabulate(pooled, by_fold, protocol)
