"""Pictures of the train stage."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from kedro.pipeline import Pipeline, node, pipeline
from matplotlib.figure import Figure

from dermaflow.data.images.image_store import ImageStore
from dermaflow.params.image import ImageParams
from dermaflow.params.train import TrainParams

SAMPLES = 8  # images shown as the network gets them


def create_pipeline() -> Pipeline:
    """From the history and a few images to curves and samples."""
    return pipeline(
        [
            node(
                draw_training,
                {
                    "training_history": "training_history",
                    "manifest": "manifest",
                    "image_store": "image_store",
                    "train": "params:train",
                    "image": "params:image",
                    "classes": "classes",
                    "seed": "params:seed",
                },
                "training_figures",
                name="draw_training",
            )
        ]
    )


def draw_training(
    training_history: dict[str, Any],
    manifest: pd.DataFrame,
    image_store: ImageStore,
    train: TrainParams,
    image: ImageParams,
    classes: list[str],
    seed: int,
) -> dict[str, Figure]:
    """Curves of loss and balanced accuracy, and what the network was trained on.

    Where effects or a policy are on, each of their operations alone as well.
    """
    from dermaflow.ml.training.preprocessing import build_preprocess
    from dermaflow.ml.training.recipe_samples import sample_feeding, sample_operations
    from dermaflow.reporting.batch_figures import draw_batches, draw_operations
    from dermaflow.reporting.training_figures import draw_history

    shown = choose_samples(manifest, classes)
    pixels = image_store.read(shown["image_id"].tolist())
    labels = shown["label"].map(classes.index).to_numpy(np.int64)
    preprocess = build_preprocess(image_store, image, train)
    batches = sample_feeding(pixels, labels, len(classes), preprocess, train, seed)
    figures = {
        "01_history.png": draw_history(training_history),
        "02_batches.png": draw_batches(pixels, labels, batches, classes),
    }
    changed = sample_operations(pixels, train.augmentation, seed)
    if changed:
        figures["03_operations.png"] = draw_operations(pixels, changed)
    return figures


def choose_samples(manifest: pd.DataFrame, classes: list[str]) -> pd.DataFrame:
    """Training images to show, a lesion each: one of each class, then another, up to SAMPLES."""
    train = manifest[manifest["split"] == "train"].drop_duplicates("group_id")
    turn = train.groupby("label").cumcount()
    place = train["label"].map(classes.index)
    return train.assign(turn=turn, place=place).sort_values(["turn", "place"]).head(SAMPLES)
