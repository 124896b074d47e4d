"""The dataset knows the store that is being replaced, also where a run has it write elsewhere."""

import hashlib

import numpy as np
from kedro.io import DataCatalog

from dermaflow.data.images.image_store import ImageBatch, StoredImage
from dermaflow.datasets import ImageStoreDataset
from dermaflow.versioning.stages.written_aside import put_in_place, written_aside

SHAPE = (8, 8, 3)


def batch_of(values, made):
    """A picture a value; ``made`` tells which were not taken over."""

    def images(old):
        for value in values:
            sha256 = hashlib.sha256(str(value).encode()).hexdigest()
            row = old.find(sha256)
            if row is None:
                made.append(value)
            pixels = np.full(SHAPE, value, np.uint8) if row is None else None
            yield StoredImage(f"id{value}", pixels, {"sha256": sha256}, row)

    return ImageBatch(images, SHAPE, 4, {"version": 1})


def test_a_stage_that_writes_aside_takes_over_what_is_in_place(tmp_path):
    place, made = tmp_path / "store", []
    catalog = DataCatalog({"image_store": ImageStoreDataset(filepath=str(place))})
    for count in (10, 12):
        with written_aside(catalog, {"image_store": place}, "ingest"):
            catalog.save("image_store", batch_of(range(count), made))
        put_in_place([place], "ingest")
    assert made == list(range(12))
    store = catalog.load("image_store")
    assert store.read([f"id{value}" for value in range(12)])[:, 0, 0, 0].tolist() == list(range(12))
    assert [path.name for path in tmp_path.iterdir()] == ["store"]
