"""Pictures and pages of the validate stage."""

from __future__ import annotations

from typing import Any

import pandas as pd
from kedro.pipeline import Pipeline, node, pipeline
from matplotlib.figure import Figure

from dermaflow.data.images.image_store import ImageStore
from dermaflow.params.class_names import ClassNames

SAMPLES_SHOWN = 8


def create_pipeline() -> Pipeline:
    """From what validation has found to pages and samples."""
    return pipeline(
        [
            node(
                show_data_docs,
                ["suite_results", "validation_report", "quarantine"],
                "data_docs",
                name="show_data_docs",
            ),
            node(
                show_drift,
                [
                    "drift_comparisons",
                    "drift_report",
                    "reference_profile",
                    "image_store",
                    "params:class_names",
                ],
                "drift_page",
                name="show_drift",
            ),
            node(
                show_duplicates,
                ["duplicate_pairs", "split_report", "image_store"],
                "duplicates_page",
                name="show_duplicates",
            ),
            node(
                draw_samples,
                ["manifest", "image_store", "classes", "params:class_names"],
                "sample_figures",
                name="draw_samples",
            ),
        ]
    )


def show_data_docs(
    suite_results: dict[str, Any], validation_report: dict[str, Any], quarantine: pd.DataFrame
) -> dict[str, bytes]:
    """What was expected of the data, and what broke it."""
    from dermaflow.reporting.data_docs.data_docs_page import render_data_docs

    return render_data_docs(suite_results, validation_report, quarantine)


def show_drift(
    drift_comparisons: list[dict[str, Any]],
    drift_report: dict[str, Any],
    reference_profile: dict[str, Any],
    image_store: ImageStore,
    class_names: ClassNames,
) -> dict[str, bytes]:
    """Each batch of images beside those trained on."""
    from dermaflow.data.drift.compare_sources import Comparison
    from dermaflow.data.drift.profile import Profile
    from dermaflow.reporting.drift.drift_page import render_drift
    from dermaflow.reporting.style import naming_classes

    comparisons = [Comparison.model_validate(values) for values in drift_comparisons]
    training = Profile.model_validate(reference_profile)
    with naming_classes(class_names):
        page = render_drift(
            comparisons, drift_report, training, lambda name: image_store.read([name])[0]
        )
    return {"index.html": page.encode()}


def show_duplicates(
    duplicate_pairs: pd.DataFrame, split_report: dict[str, Any], image_store: ImageStore
) -> dict[str, bytes]:
    """A page of the pairs that join different lesions, or were kept from it."""
    from dermaflow.reporting.duplicates.duplicates_page import render_pairs

    across = duplicate_pairs[duplicate_pairs["lesion_a"] != duplicate_pairs["lesion_b"]]
    page = render_pairs(
        across, split_report["duplicates"], lambda name: image_store.read([name])[0]
    )
    return {"index.html": page.encode()}


def draw_samples(
    manifest: pd.DataFrame, image_store: ImageStore, classes: list[str], class_names: ClassNames
) -> dict[str, Figure]:
    """A few training images of each class, a lesion each."""
    from dermaflow.reporting import sample_figures as samples
    from dermaflow.reporting.style import naming_classes

    train = manifest[manifest["split"] == "train"]
    shown = train.drop_duplicates("group_id").groupby("label").head(SAMPLES_SHOWN)
    ids = {code: shown.loc[shown["label"] == code, "image_id"].tolist() for code in classes}
    images = {code: image_store.read(image_ids) for code, image_ids in ids.items()}
    counts = manifest["label"].value_counts().reindex(classes, fill_value=0).to_dict()
    with naming_classes(class_names):
        return {"01_samples.png": samples.draw_samples(images, counts)}
