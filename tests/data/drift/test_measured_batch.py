"""One picture of each group is measured, and its row stays with its pixels."""

import numpy as np
import pandas as pd
import pytest

from dermaflow.data.drift.appearance import embed, measure
from dermaflow.data.drift.measured_batch import look_at
from dermaflow.data.images.image_store import ImageBatch, ImageStore, StoredImage, write_image_store

SHAPE = (8, 12, 3)
# Image -> its group and its grey level. The odd one has a colour as well.
IMAGES = {
    "d": ("g2", 60),
    "b": ("g1", 160),
    "odd": ("g3", 90),
    "a": ("g1", 200),
    "e": ("g4", 115),
    "f": ("g5", 115),
}


def draw(name):
    red = 250 if name == "odd" else IMAGES[name][1]
    return np.full(SHAPE, (red, IMAGES[name][1], IMAGES[name][1]), np.uint8)


@pytest.fixture
def store(tmp_path):
    images = [StoredImage(name, draw(name)) for name in IMAGES]
    write_image_store(tmp_path / "store", ImageBatch(images, SHAPE))
    return ImageStore(tmp_path / "store")


@pytest.fixture
def rows():
    """Rows of a manifest of which others have been dropped: the index has gaps."""
    known = {"label": "nv", "sex": "male", "localization": None, "age": 50.0, "contrast": 0.0}
    table = pd.DataFrame({"image_id": list(IMAGES)}).assign(**known)
    table["brightness"] = [float(grey) for _, grey in IMAGES.values()]
    return table.set_index(pd.Index([11, 7, 5, 3, 2, 1]))


def look(rows, store, sample=50, seed=0):
    groups = pd.Series([IMAGES[name][0] for name in rows["image_id"]], rows.index)
    # The order of the groups is not that of the rows; their index tells them apart.
    return look_at(rows, groups.iloc[::-1], store, sample, np.random.default_rng(seed))


def test_of_each_group_one_picture_is_counted_and_of_the_set_all(rows, store):
    batch = look(rows, store)
    groups = [IMAGES[name][0] for name in batch.rows["image_id"]]
    assert sorted(groups) == ["g1", "g2", "g3", "g4", "g5"]
    assert (batch.profile.images, batch.profile.groups) == (6, 5)
    assert batch.profile.stored_size == SHAPE[:2]


def test_chance_decides_which_picture_of_a_group_it_is(rows, store):
    chosen = {
        name
        for seed in range(12)
        for name in look(rows, store, seed=seed).rows["image_id"]
        if IMAGES[name][0] == "g1"
    }
    assert chosen == {"a", "b"}


def test_rows_embeddings_and_what_was_measured_are_of_the_same_picture(rows, store):
    batch = look(rows, store)
    names = batch.rows["image_id"].tolist()
    assert names == sorted(names)
    for place, name in enumerate(names):
        pixels = draw(name)
        assert batch.rows["brightness"].iloc[place] == IMAGES[name][1]
        told = batch.rows[["sharpness", "redness", "yellowness"]].iloc[place]
        assert tuple(told) == measure(pixels)
        np.testing.assert_array_equal(batch.embeddings[place], embed(pixels))


def test_the_profile_keeps_no_more_embeddings_than_asked_for(rows, store):
    assert len(look(rows, store, sample=3).profile.embeddings.sample) == 3
    assert len(look(rows, store, sample=50).profile.embeddings.sample) == 5


def test_the_most_unusual_picture_comes_first_and_the_most_typical_has_an_equal(rows, store):
    batch = look(rows, store)
    unusual = batch.most_unusual(batch.profile, 5)
    assert unusual[0] == "odd"
    assert sorted(unusual) == sorted(batch.rows["image_id"])
    # No two pictures but these have a colour in common; of equals the first by its id comes first.
    assert batch.most_typical(2) == ["e", "f"]
    assert batch.most_typical(99)[-1] == "odd"


def test_what_is_unusual_is_so_against_the_reference_and_not_among_its_own(rows, store):
    batch = look(rows, store)
    reds = look(rows[rows["image_id"] == "odd"], store)
    assert batch.most_unusual(reds.profile, 5)[-1] == "odd"
