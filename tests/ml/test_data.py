"""Batches from image stores."""

import numpy as np
import pandas as pd
import pytest
import torch

from dermaflow.ml.data import (
    BatchDataset,
    LabelledImages,
    class_balancing_weights,
    training_loader,
)
from dermaflow.ml.image_store import ImageBatch, ImageStore, StoredImage, write_image_store

CLASSES = ["a", "b"]


def make_store(folder, values):
    """A store of flat images ``x<value>``, so that a pixel tells which image it belongs to."""
    images = (StoredImage(f"x{v}", np.full((4, 4, 3), v, np.uint8)) for v in values)
    write_image_store(folder, ImageBatch(images, (4, 4, 3), shard_images=3))
    return ImageStore(folder)


@pytest.fixture
def two_parts(tmp_path):
    first = make_store(tmp_path / "first", range(8))
    second = make_store(tmp_path / "second", range(100, 105))
    tables = [
        pd.DataFrame({"image_id": ["x5", "x0", "x7"], "label": ["a", "a", "b"]}),
        pd.DataFrame({"image_id": ["x104", "x100"], "label": ["b", "a"]}),
    ]
    stores = [first, second]
    return [LabelledImages.from_table(s, t, CLASSES) for s, t in zip(stores, tables, strict=True)]


def test_a_batch_across_stores_keeps_order_and_labels(two_parts):
    pixels, labels = BatchDataset(two_parts)[[4, 0, 3, 2, 1]]
    assert pixels.dtype == torch.uint8
    assert pixels.shape == (5, 4, 4, 3)
    assert pixels[:, 0, 0, 0].tolist() == [100, 5, 104, 7, 0]
    assert labels.tolist() == [0, 0, 1, 1, 0]


def test_unknown_label_and_image_are_refused(tmp_path):
    store = make_store(tmp_path / "s", range(3))
    with pytest.raises(ValueError, match="'c'"):
        LabelledImages.from_table(
            store, pd.DataFrame({"image_id": ["x0"], "label": ["c"]}), CLASSES
        )
    with pytest.raises(KeyError):
        LabelledImages.from_table(
            store, pd.DataFrame({"image_id": ["x9"], "label": ["a"]}), CLASSES
        )


@pytest.mark.parametrize(("balance", "share"), [(0.0, 0.9), (0.5, 0.75), (1.0, 0.5)])
def test_balance_sets_the_share_of_the_large_class(balance, share):
    labels = np.array([0] * 90 + [1] * 10)
    weights = class_balancing_weights(labels, balance)
    assert weights[labels == 0].sum() / weights.sum() == pytest.approx(share)


@pytest.mark.parametrize("workers", [0, 2])
def test_loader_repeats_with_its_seed_and_gives_whole_batches(two_parts, workers):
    def epoch():
        loader = training_loader(
            BatchDataset(two_parts), 2, 1.0, workers, torch.Generator().manual_seed(4)
        )
        return [labels.tolist() for _, labels in loader]

    first = epoch()
    assert first == epoch()
    assert [len(labels) for labels in first] == [2, 2]
