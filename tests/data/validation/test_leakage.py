"""How much of a test set has a sibling elsewhere."""

import numpy as np
import pandas as pd
import pytest

from dermaflow.data.validation.leakage import measure_leakage


def manifest(sizes, label="nv", split=None):
    """Groups of the given sizes."""
    group = np.repeat(np.arange(len(sizes)), sizes)
    rows = pd.DataFrame({"group_id": [f"g{n}" for n in group], "label": label})
    return rows.assign(split=split or ["test" if n % 5 == 0 else "train" for n in group])


def test_pairs_leak_as_often_as_chance_says():
    rows = manifest([2] * 2000)
    report = measure_leakage(rows, 0.2, np.random.default_rng(0))
    # The other of a pair is outside the test set with probability 0.8.
    assert report["image_split"]["test_images"] == pytest.approx(0.8, abs=0.01)
    assert report["split"] == {"test_images": 0.0, "by_class": {"nv": 0.0}}


def test_single_images_never_leak():
    report = measure_leakage(manifest([1] * 500), 0.2, np.random.default_rng(0))
    assert report["image_split"]["test_images"] == 0


def test_classes_are_told_apart_and_a_divided_group_counts():
    divided = manifest([4] * 50, "mel", split=["test", "train"] * 100)
    divided["group_id"] += "m"
    rows = pd.concat([manifest([1] * 100), divided], ignore_index=True)
    report = measure_leakage(rows, 0.2, np.random.default_rng(0))
    assert report["split"]["by_class"] == {"mel": 1.0, "nv": 0.0}
    assert report["image_split"]["by_class"]["mel"] > 0.9
