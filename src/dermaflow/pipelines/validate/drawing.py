"""Pictures and pages of the validate stage."""

from __future__ import annotations

from typing import Any

import pandas as pd
from kedro.pipeline import Pipeline, node, pipeline
from matplotlib.figure import Figure

from dermaflow.data.images.image_store import ImageStore

SAMPLES_SHOWN = 8


def create_pipeline() -> Pipeline:
    """From what validation has found to pages and samples."""
    return pipeline(
        [
            node(
                show_duplicates,
                ["duplicate_pairs", "split_report", "image_store"],
                "duplicates_page",
            ),
            node(draw_samples, ["manifest", "image_store", "classes"], "sample_figures"),
        ]
    )


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
    manifest: pd.DataFrame, image_store: ImageStore, classes: list[str]
) -> dict[str, Figure]:
    """A few training images of each class, a lesion each."""
    from dermaflow.reporting import sample_figures as samples

    train = manifest[manifest["split"] == "train"]
    shown = train.drop_duplicates("group_id").groupby("label").head(SAMPLES_SHOWN)
    ids = {code: shown.loc[shown["label"] == code, "image_id"].tolist() for code in classes}
    images = {code: image_store.read(names) for code, names in ids.items()}
    counts = manifest["label"].value_counts().reindex(classes, fill_value=0).to_dict()
    return {"01_samples.png": samples.draw_samples(images, counts)}
