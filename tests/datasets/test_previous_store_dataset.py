"""A stage takes over what is in place, while the run has its outputs written elsewhere."""

import hashlib

import numpy as np
import pytest
from kedro.io import DataCatalog, DatasetError

from dermaflow.data.images.image_store import ImageBatch, StoredImage
from dermaflow.datasets import ImageStoreDataset, PreviousStoreDataset
from dermaflow.versioning.stages.catalog_places import catalog_with
from dermaflow.versioning.stages.written_aside import aside, make_room, put_in_place

SHAPE = (8, 8, 3)
RECIPE = {"version": 1}


def batch_of(values, previous, made):
    """A picture a value; ``made`` tells which were not taken over."""
    known = previous.matching(RECIPE, SHAPE)

    def image(value):
        sha256 = hashlib.sha256(str(value).encode()).hexdigest()
        found = known.find(sha256)
        if found:
            return StoredImage(f"id{value}", *found)
        made.append(value)
        return StoredImage(f"id{value}", np.full(SHAPE, value, np.uint8), {"sha256": sha256})

    return ImageBatch(map(image, values), SHAPE, 4, RECIPE)


def test_a_stage_that_writes_aside_takes_over_what_is_in_place(tmp_path):
    place, made = tmp_path / "store", []
    catalog = DataCatalog(
        {
            "store": ImageStoreDataset(filepath=str(place)),
            "previous": PreviousStoreDataset(filepath=str(place)),
        }
    )
    for count in (10, 12):
        make_room([place], "ingest")
        of_stage = catalog_with(catalog, ["previous"], {"store": aside(place, "ingest")})
        of_stage.save("store", batch_of(range(count), of_stage.load("previous"), made))
        put_in_place([place], "ingest")
    assert made == list(range(12))
    store = catalog.load("store")
    assert store.read([f"id{value}" for value in range(12)])[:, 0, 0, 0].tolist() == list(range(12))
    assert [path.name for path in tmp_path.iterdir()] == ["store"]


def test_it_is_no_output(tmp_path):
    dataset = PreviousStoreDataset(filepath=str(tmp_path / "store"))
    assert not dataset.exists()
    with pytest.raises(DatasetError, match="another catalog entry writes it"):
        dataset.save(dataset.load())
