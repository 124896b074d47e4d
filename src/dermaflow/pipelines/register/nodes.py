"""Nodes of the register stage."""

from __future__ import annotations

from typing import Any

import pandas as pd

from dermaflow.data.validation.group_tables import count_grouping
from dermaflow.data.version import require_same_data, version_of
from dermaflow.ml.models.weights import Weights
from dermaflow.params.class_names import ClassNames
from dermaflow.params.evaluate import EvaluateParams
from dermaflow.params.register import RegisterParams
from dermaflow.schema import SPLITS


def describe_model(
    classifier: Weights,
    manifest: pd.DataFrame,
    synthetic_manifest: pd.DataFrame,
    metrics: dict[str, Any],
    decision_rule: dict[str, Any],
    register: RegisterParams,
    class_names: ClassNames,
) -> dict[str, Any]:
    """Write the contract that goes with the model, for JSON.

    Raises:
        ValidationError: the classifier was trained on another manifest.
        WeightsError: the decision rule was chosen for another classifier.
    """
    from dermaflow.ml.evaluation.decision_rule import DecisionRule
    from dermaflow.ml.models.weights import weights_digest
    from dermaflow.serving.contract import build_contract

    require_same_data(classifier.config.get("data_version"), manifest, "classifier", "train")
    DecisionRule.from_dict(decision_rule).require_same(weights_digest(classifier))
    own = manifest[manifest["role"] == "train"]
    splits = own["split"].value_counts()
    training_data = {
        "data_version": version_of(manifest),
        "sources": sorted(own["source"].unique()),
        "licences": sorted(own["licence"].dropna().unique()),
        "images": {split: int(splits.get(split, 0)) for split in SPLITS},
        "synthetic_images": len(synthetic_manifest),
        "grouping": count_grouping(own),
    }
    return build_contract(
        classifier.config,
        training_data,
        metrics,
        register.intended_use,
        register.limitations,
        decision_rule,
        class_names,
    )


def gather_evidence(
    manifest: pd.DataFrame,
    predictions: pd.DataFrame,
    metrics: dict[str, Any],
    split_report: dict[str, Any],
    validation_report: dict[str, Any],
    evaluate: EvaluateParams,
    classes: list[str],
) -> tuple[dict[str, Any], pd.DataFrame]:
    """What promotion is to rest on, for the model's own folder.

    Returns:
        ``Evidence.figures``, whose environment and run the registration adds, and
        ``Evidence.images``.
    """
    from dermaflow.ml.evaluation.estimate import parts_from_json
    from dermaflow.registry.evidence import UNKNOWN, Evidence, image_table

    evidence = Evidence(
        parts=dict(parts_from_json(metrics)),
        environment=UNKNOWN,
        data_version=version_of(manifest),
        metrics_run=UNKNOWN,
        classes=tuple(classes),
        groups_across_splits=split_report["groups_across_splits"],
        broken=tuple(validation_report["broken"]),
        confidence=evaluate.confidence,
        resamples=evaluate.bootstrap_samples,
        images=image_table(manifest, predictions, classes),
    )
    return evidence.figures, evidence.images


def register_model(
    classifier: Weights,
    model_contract: dict[str, Any],
    metrics: dict[str, Any],
    decision_rule: dict[str, Any],
    evidence_figures: dict[str, Any],
    evidence_images: pd.DataFrame,
    register: RegisterParams,
) -> dict[str, str]:
    """Register weights, rule, contract and evidence as the next version of the model in MLflow.

    Returns:
        Where it is now and what: ``name``, ``version``, ``model_uri``, ``run_id``, ``digest``; for
        JSON.
    """
    from dermaflow.registry.evidence import Evidence
    from dermaflow.registry.register_version import register_version

    data = model_contract["training_data"]
    tags = {
        "data_version": data["data_version"],
        "data_licence": "; ".join(data["licences"]),
        "data_source": "; ".join(data["sources"]),
    }
    evidence = Evidence.from_figures(evidence_figures, evidence_images)
    return register_version(
        register.name, classifier, decision_rule, model_contract, metrics, evidence, tags
    )
