"""Evidence of a model that was never trained, for tests of what becomes of it."""

import dataclasses

import numpy as np
import pandas as pd

from dermaflow.ml.evaluation.estimate import Estimate
from dermaflow.registry.evidence import Evidence, image_table

CLASSES = ["mel", "nv"]


def toy_manifest():
    """Eight images of four patients, one of them excluded."""
    splits = ["train", "train", "val", "test", "test", "external", "excluded", "train"]
    return pd.DataFrame(
        {
            "image_id": [f"ISIC_{number}" for number in range(8)],
            "group_id": [f"patient {number // 2}" for number in range(8)],
            "sha256": [f"{number:064x}" for number in range(8)],
            "split": splits,
            "source": ["own"] * 5 + ["milk", "milk", "own"],
            "label": CLASSES * 4,
            "data_version": "d1",
        }
    )


def toy_predictions():
    """Of the tested images, in another order."""
    manifest = toy_manifest()
    tested = manifest[manifest["split"].isin(["val", "test", "external"])]
    p = np.linspace(0.1, 0.9, len(tested), dtype=np.float32)
    return tested.assign(p_nv=1 - p, p_mel=p).iloc[::-1]


def toy_evidence(**changes):
    """Evidence that holds together, with some of its fields changed."""
    return dataclasses.replace(
        Evidence(
            parts={
                "test": {
                    "images": Estimate(2),
                    "log_loss": Estimate(1.7, 0.4, 2.9, 2),
                    "balanced_accuracy": Estimate(0.75, 0.5, 0.9, 2),
                    "mel/recall": Estimate(0.5, 0.1, 1.0, 1),
                },
                "external/milk": {"images": Estimate(1)},
            },
            environment="smoke",
            data_version="d1",
            metrics_run="unknown",
            classes=tuple(CLASSES),
            groups_across_splits=0,
            broken=("classes_known",),
            confidence=0.95,
            resamples=1000,
            images=image_table(toy_manifest(), toy_predictions(), CLASSES),
        ),
        **changes,
    )
