"""An image store in the catalog."""

import numpy as np
import pytest
from kedro.io import DatasetError

from dermaflow.data.images.image_store import ImageBatch, StoredImage
from dermaflow.datasets import ImageStoreDataset

SHAPE = (8, 8, 3)


def test_a_stream_that_fails_leaves_what_was_saved_before(tmp_path):
    dataset = ImageStoreDataset(filepath=str(tmp_path / "store"))
    assert not dataset.exists()
    images = [StoredImage("a", np.full(SHAPE, 7, np.uint8))]
    dataset.save(ImageBatch(images, SHAPE))

    def failing():
        yield from images
        raise RuntimeError("the camera fell")

    with pytest.raises(DatasetError, match="the camera fell"):
        dataset.save(ImageBatch(failing(), SHAPE))
    assert dataset.exists()
    assert dataset.load().read(["a"])[0, 0, 0].tolist() == [7, 7, 7]
    assert [path.name for path in tmp_path.iterdir()] == ["store"]
