"""Features are those of the whole original at one size, and are never found twice."""

import hashlib
import io

import numpy as np
import pytest
from PIL import Image

from data.duplicates.drawn import draw
from dermaflow.data.duplicates.describe import (
    describe_file,
    describe_pixels,
    features_recipe,
    record_shape,
)
from dermaflow.data.duplicates.keypoints import UNIT, Keypoints
from dermaflow.data.images.image_store import ImageBatch, write_image_store
from dermaflow.data.images.preprocess import Preprocess
from dermaflow.data.images.previous_store import PreviousStore
from dermaflow.errors import SourceError

SIDE, COUNT = 160, 50
PREPROCESS = Preprocess(SIDE, SIDE)


def encode(pixels, exif=None):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", **({"exif": exif} if exif else {}))
    return buffer.getvalue()


def describe(encoded, **more):
    sha256 = hashlib.sha256(encoded).hexdigest()
    return describe_file("a", sha256, lambda: encoded, PREPROCESS, COUNT, **more)


def keypoints_of(image):
    return Keypoints.unpack(image.pixels[..., 0], image.info["features"])


def test_a_file_has_the_features_of_its_pixels():
    image = describe(encode(draw(0)))
    assert image.pixels.shape == record_shape(COUNT)
    np.testing.assert_array_equal(
        image.pixels[..., 0], describe_pixels(draw(0), SIDE, COUNT).pack(COUNT)
    )
    assert image.info["features"] == COUNT
    assert len(image.info["sha256"]) == 64


def test_all_of_a_large_picture_is_looked_at_at_the_one_size():
    """What is cut off where images are stored at other proportions counts, too."""
    large = np.asarray(Image.fromarray(draw(0)).resize((640, 480), Image.Resampling.BICUBIC))
    wide = np.concatenate([large, large[:, ::-1]], axis=1)  # 1280 x 480
    points = keypoints_of(describe(encode(wide))).points / UNIT
    assert points[:, 0].max() > 0.75 * SIDE
    assert points[:, 0].min() < 0.25 * SIDE
    assert points[:, 1].max() < SIDE * 480 / 1280
    # A small one is scaled up to it.
    small = keypoints_of(describe(encode(draw(0)[::2, ::2]))).points / UNIT
    assert np.abs(small.mean(axis=0) - (80, 60)).max() < 8


def test_a_picture_that_lies_on_its_side_is_turned_upright():
    exif = Image.Exif()
    exif[0x0112] = 6
    lying = np.ascontiguousarray(np.rot90(draw(0)))  # what a quarter turn to the right sets upright
    points = keypoints_of(describe(encode(lying, exif))).points
    np.testing.assert_array_equal(points, keypoints_of(describe(encode(draw(0)))).points)


def test_known_features_are_taken_over_without_reading_the_file(tmp_path):
    recipe = features_recipe(PREPROCESS, COUNT)
    image = describe(encode(draw(0)))
    folder = tmp_path / "features"
    write_image_store(folder, ImageBatch([image], record_shape(COUNT), recipe=recipe))

    def refuse():
        raise AssertionError("the file was read")

    known = PreviousStore(folder).matching(recipe, record_shape(COUNT))
    found = describe_file("b", image.info["sha256"], refuse, PREPROCESS, COUNT, known)
    np.testing.assert_array_equal(found.pixels.read(), image.pixels)
    assert (found.image_id, found.info) == ("b", image.info)
    # With another recipe nothing is known.
    other = features_recipe(Preprocess(SIDE + 1, SIDE + 1), COUNT)
    nothing = PreviousStore(folder).matching(other, record_shape(COUNT))
    with pytest.raises(AssertionError, match="was read"):
        describe_file("b", image.info["sha256"], refuse, PREPROCESS, COUNT, nothing)


def test_a_file_that_changed_after_it_was_hashed_is_an_error():
    with pytest.raises(SourceError, match="image a changed while it was read"):
        describe_file("a", "0" * 64, lambda: encode(draw(0)), PREPROCESS, COUNT)
