"""Batches from image stores."""

import numpy as np
import pandas as pd
import pytest
import torch

from dermaflow.data.images.image_store import ImageBatch, ImageStore, StoredImage, write_image_store
from dermaflow.ml.training.batches import (
    BatchDataset,
    EpochBatches,
    LabelledImages,
    ResidentDataset,
    class_balancing_weights,
    training_loader,
)

CLASSES = ["a", "b"]
CPU = torch.device("cpu")


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


def test_images_that_lie_on_the_device_make_the_same_batches(two_parts):
    """Here the processor is the device; test_on_gpu.py has the other."""
    images = BatchDataset(two_parts)
    chosen = [4, 0, 3, 3, 1]
    for resident, read in zip(ResidentDataset(images, CPU)[chosen], images[chosen], strict=True):
        assert torch.equal(resident, read)


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


def batches_of(two_parts, epoch, skip=0, workers=0, seed=4):
    batches, loader = training_loader(BatchDataset(two_parts), 2, 1.0, workers, seed, CPU)
    batches.start(epoch, skip)
    return [pixels[:, 0, 0, 0].tolist() for pixels, _ in loader]


@pytest.mark.parametrize("workers", [0, 2])
def test_an_epoch_repeats_and_can_be_entered_at_any_batch(two_parts, workers):
    whole = batches_of(two_parts, 3, workers=workers)
    assert [len(batch) for batch in whole] == [2, 2]
    assert batches_of(two_parts, 3, skip=1, workers=workers) == whole[1:]
    assert batches_of(two_parts, 3, skip=2, workers=workers) == []


def test_epochs_and_seeds_draw_other_images(two_parts):
    drawn = {str(batches_of(two_parts, epoch)) for epoch in range(1, 9)}
    assert len(drawn) > 4
    assert {str(batches_of(two_parts, epoch, seed=5)) for epoch in range(1, 9)} != drawn


def test_a_set_smaller_than_a_batch_is_one_batch(two_parts):
    batches, loader = training_loader(BatchDataset(two_parts), 8, 1.0, 0, 4, CPU)
    assert len(batches) == 1
    assert [len(labels) for _, labels in loader] == [5]


def test_images_are_drawn_by_their_weight():
    weights = np.array([1.0] * 50 + [3.0] * 50)
    batches = EpochBatches(weights, 10, seed=1)
    drawn = []
    for epoch in range(1, 41):
        batches.start(epoch)
        drawn += [number for batch in batches for number in batch]
    assert len(drawn) == 4000
    # A standard error is 0.7 %.
    assert np.mean(np.array(drawn) >= 50) == pytest.approx(0.75, abs=0.03)
