"""Batches of a store."""

from pathlib import Path

import numpy as np
import pytest

from dermaflow.data.images.image_store import ImageBatch, ImageStore, StoredImage, write_image_store
from dermaflow.data.images.read_batches import read_batches

IDS = [f"i{number}" for number in range(7)]


@pytest.fixture
def store(tmp_path: Path) -> ImageStore:
    rng = np.random.default_rng(0)
    images = [StoredImage(name, rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)) for name in IDS]
    write_image_store(tmp_path / "store", ImageBatch(images, (8, 8, 3), shard_images=3))
    return ImageStore(tmp_path / "store")


@pytest.mark.parametrize(("batch_size", "sizes"), [(1, [1] * 5), (2, [2, 2, 1]), (8, [5])])
def test_all_are_read_in_the_order_of_the_ids(
    store: ImageStore, batch_size: int, sizes: list[int]
) -> None:
    image_ids = ["i6", "i0", "i3", "i5", "i1"]
    batches = list(read_batches(store, image_ids, batch_size, "test"))
    assert [len(batch) for batch in batches] == sizes
    np.testing.assert_array_equal(np.concatenate(batches), store.read(image_ids))


def test_no_ids_no_batch(store: ImageStore) -> None:
    assert list(read_batches(store, [], 4, "test")) == []


def test_an_unknown_image_is_named(store: ImageStore) -> None:
    with pytest.raises(KeyError, match="nowhere"):
        list(read_batches(store, ["i0", "nowhere"], 4, "test"))
