"""Runs as plain data."""

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from dermaflow.ml.evaluation.estimate import Estimate
from dermaflow.reporting.comparison.content import ComparedRun

CLASSES = ("mel", "nv")
PARAMETERS = {
    "evaluate.bootstrap_samples": "200",
    "evaluate.confidence": "0.9",
    "seed": "3",
    "evaluate.least_groups": "5",
}


def make_predictions(images=160, seed=0):
    """Half of the images in each held-out split, two a group, some skill."""
    rng = np.random.default_rng(seed)
    labels = np.arange(images) % 3 == 0
    melanoma = 1 / (1 + np.exp(-rng.normal(size=images) - np.where(labels, 1.0, -1.0)))
    return pd.DataFrame(
        {
            "image_id": [f"i{number}" for number in range(images)],
            "group_id": [f"g{number // 2}" for number in range(images)],
            "label": np.where(labels, "mel", "nv"),
            "split": np.where(np.arange(images) < images // 2, "val", "test"),
            "predicted": np.where(melanoma > 0.5, "mel", "nv"),
            "p_mel": melanoma,
            "p_nv": 1 - melanoma,
        }
    )


@pytest.fixture
def predictions():
    return make_predictions


@pytest.fixture
def make_run():
    """Make a finished run; whatever is given replaces what it would have."""

    def make(label="A", **changes):
        run = {
            "label": label,
            "run_id": f"{label.lower()}" * 32,
            "name": f"run {label}",
            "status": "FINISHED",
            "started": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
            "seconds": 3725.0,
            "env": "base",
            "command": "kedro run",
            "commit": "0123456789abcdef",
            "dirty": False,
            "data_version": "v1",
            "parameters": PARAMETERS,
            "scores": {"accuracy": Estimate(0.8, 0.7, 0.9), "mel/f1": Estimate(0.5, 0.0, 0.6)},
            "curves": {"train/loss": [(1, 2.0), (2, 1.0)]},
            "classes": CLASSES,
            "predictions": make_predictions(),
            "missing": (),
        }
        return ComparedRun(**run | changes)

    return make
