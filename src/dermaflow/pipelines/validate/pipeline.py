"""Wiring of the validate stage."""

from kedro.pipeline import Pipeline, node, pipeline

from dermaflow.data.validation.check_manifest import check_manifest
from dermaflow.pipelines.validate.nodes import (
    compare_batches,
    find_duplicates,
    split_manifest,
    stop_on_drift,
)


def create_pipeline() -> Pipeline:
    """From what a source says to clean rows with a split that keeps lesions whole."""
    return pipeline(
        [
            node(
                check_manifest,
                ["raw_manifest", "unlisted_files", "params:validate", "classes", "mask_store"],
                ["clean_manifest", "quarantine", "validation_report", "suite_results"],
                name="check_manifest",
            ),
            node(
                find_duplicates,
                [
                    "clean_manifest",
                    "validation_report",
                    "picture_features",
                    "params:validate",
                    "params:duplicates",
                    "params:seed",
                ],
                "duplicate_pairs",
                name="find_duplicates",
            ),
            node(
                compare_batches,
                [
                    "clean_manifest",
                    "duplicate_pairs",
                    "image_store",
                    "params:validate",
                    "classes",
                    "params:seed",
                ],
                ["reference_profile", "drift_report", "drift_comparisons"],
                name="compare_batches",
            ),
            node(stop_on_drift, "drift_report", None, name="stop_on_drift"),
            node(
                split_manifest,
                [
                    "clean_manifest",
                    "duplicate_pairs",
                    "params:validate",
                    "params:seed",
                ],
                ["manifest", "split_report"],
                name="split_manifest",
            ),
        ]
    )
