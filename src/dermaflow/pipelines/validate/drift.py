"""Nodes of the validate stage that compare batches of images with those trained on."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pandas as pd

from dermaflow.data.images.image_store import ImageStore
from dermaflow.data.validation.split import find_groups
from dermaflow.data.validation.suite_report import describe_failures, describe_result
from dermaflow.data.validation.suites import run_suite
from dermaflow.errors import ValidationError
from dermaflow.params.validate import ValidateParams

if TYPE_CHECKING:
    from dermaflow.data.drift.compare_sources import Comparison

logger = logging.getLogger(__name__)

DRIFT_SUITE = "drift"


def compare_batches(
    clean_manifest: pd.DataFrame,
    duplicate_pairs: pd.DataFrame,
    image_store: ImageStore,
    validate: ValidateParams,
    classes: list[str],
    seed: int,
) -> tuple[dict[str, Any], dict[str, Any], dict[str, bytes]]:
    """Compare external sources with the training sources, and these with an earlier profile.

    Returns:
        The training sources' profile and a report, both for JSON, and a page. ``broken`` in the
        report tells each expectation of the suite ``drift`` with ``on_failure: stop`` that is not
        met; ``stop_on_drift`` stops there, when all of this is written.

    Raises:
        ParameterError: an expectation in conf is wrong.
        SourceError: the earlier profile cannot be used.
    """
    from dermaflow.data.drift.compare_sources import compare_sources, stack_features
    from dermaflow.reporting.drift.drift_page import render_drift

    joining = duplicate_pairs[duplicate_pairs["decision"] != "different"]
    groups = find_groups(clean_manifest, joining)
    training, comparisons = compare_sources(
        clean_manifest, groups, image_store, validate.drift, seed
    )
    features = stack_features(comparisons)
    expectations = validate.expectations.get(DRIFT_SUITE, [])
    result = run_suite(DRIFT_SUITE, expectations, features, {"classes": classes})
    features["broken"] = features.index.isin(list(result.broken_rows))
    warnings = describe_failures([result], "warn")
    for warning in warnings:
        logger.warning(warning)
    report = {
        "broken": describe_failures([result], "stop"),
        "warnings": warnings,
        "batches": {
            comparison.name: _describe(comparison, features[features["batch"] == comparison.name])
            for comparison in comparisons
        },
        "suite": describe_result(result),
    }
    page = render_drift(
        comparisons, features, training, result, lambda name: image_store.read([name])[0]
    )
    return training.model_dump(mode="json"), report, {"index.html": page.encode()}


def stop_on_drift(drift_report: dict[str, Any]) -> None:
    """Stop where an expectation with ``on_failure: stop`` is not met.

    Raises:
        ValidationError: names the expectation.
    """
    if drift_report["broken"]:
        raise ValidationError("\n".join([*drift_report["broken"], "see drift in failed/validate"]))


def _describe(comparison: Comparison, features: pd.DataFrame) -> dict[str, Any]:
    """Of one batch, for JSON: values that are not known are None."""
    values = features.drop(columns="batch").set_index("feature").astype(object)
    return {
        "reference": comparison.reference_name,
        "images": comparison.batch.images,
        "groups": comparison.batch.groups,
        "features": values.where(values.notna(), None).to_dict("index"),
    }
