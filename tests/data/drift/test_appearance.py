"""What is measured of a picture."""

import numpy as np
import pytest

from dermaflow.data.drift.appearance import EMBEDDING_LENGTH, describe, embed, measure
from dermaflow.data.images.image_store import ImageBatch, ImageStore, StoredImage, write_image_store

HEIGHT, WIDTH = 48, 64
COLOUR = slice(0, 36)


def plain(*colour):
    return np.full((HEIGHT, WIDTH, 3), colour, np.uint8)


def texture(pixels):
    """Cells, top left first, by orientation."""
    return embed(pixels)[36:].reshape(4, 4, 4)


@pytest.mark.parametrize(
    ("colour", "redness", "yellowness"),
    [((128, 128, 128), 0, 0), ((255, 0, 0), 80.1, 67.2), ((0, 0, 255), 79.2, -107.9)],
)
def test_colours_are_those_of_cielab(colour, redness, yellowness):
    assert measure(plain(*colour)) == pytest.approx((0, redness, yellowness), abs=0.2)


def test_a_blurred_picture_is_less_sharp():
    rough = np.random.default_rng(0).integers(0, 255, (HEIGHT, WIDTH, 1), np.uint8).repeat(3, 2)
    smooth = np.repeat(np.repeat(rough[::4, ::4], 4, 0), 4, 1)
    assert measure(rough)[0] > measure(smooth)[0] + 0.3


def test_an_embedding_holds_shares_of_colours():
    vector = embed(plain(255, 0, 0))
    assert vector.shape == (EMBEDDING_LENGTH,)
    assert (vector[COLOUR].reshape(3, 12) ** 2).sum(1) == pytest.approx([1, 1, 1])
    assert not vector[36:].any()  # a plain picture has no gradient


@pytest.mark.parametrize(("axis", "orientation"), [(1, 0), (0, 2)])
def test_stripes_are_of_one_orientation_whichever_way_they_rise(axis, orientation):
    stripes = np.indices((HEIGHT, WIDTH))[axis] % 16 * 12
    found = texture(stripes[..., None].repeat(3, 2).astype(np.uint8))
    assert (found.argmax(2) == orientation).all()
    assert np.delete(found, orientation, axis=2).max() < 1e-4


def test_a_gradient_counts_where_it_lies():
    pixels = plain(100, 100, 100)
    pixels[40:44, 50:60] = 250
    found = texture(pixels).sum(2)
    assert found[3, 3] == found.max() > 0
    assert not found[:3, :3].any()


def test_pictures_are_described_in_the_order_of_their_ids(tmp_path):
    images = [StoredImage(name, plain(c, 90, 90)) for name, c in (("a", 10), ("b", 250))]
    write_image_store(tmp_path / "s", ImageBatch(images, (HEIGHT, WIDTH, 3)))
    numbers, embeddings = describe(ImageStore(tmp_path / "s"), ["b", "a"])
    assert numbers.index.tolist() == ["b", "a"]
    assert numbers.loc["b", "redness"] > 0 > numbers.loc["a", "redness"]
    assert (embeddings == [embed(plain(250, 90, 90)), embed(plain(10, 90, 90))]).all()
