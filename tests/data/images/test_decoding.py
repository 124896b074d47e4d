"""Decoding tells what it saw or why it failed."""

import hashlib
import io

import numpy as np
import pytest
from PIL import Image

from dermaflow.data.images.decoding import (
    decode_image,
    decode_mask,
    grey_statistics,
)
from dermaflow.data.images.finished_shards import PixelsInShard
from dermaflow.data.images.image_store import ImageBatch, write_image_store
from dermaflow.data.images.preprocess import Preprocess
from dermaflow.data.images.previous_store import NOTHING_KNOWN, PreviousStore

PREPROCESS = Preprocess(32, 48)


def png(colour, size=(96, 64), mode="RGB"):
    buffer = io.BytesIO()
    Image.new(mode, size, colour).save(buffer, "PNG")
    return buffer.getvalue()


def test_an_image_tells_its_hash_size_and_greys():
    encoded = png((200, 100, 50))
    stored = decode_image("a", lambda: encoded, PREPROCESS)
    assert stored.pixels.shape == (32, 48, 3)
    assert stored.info == {
        "sha256": hashlib.sha256(encoded).hexdigest(),
        "width": 96,
        "height": 64,
        "brightness": round(0.299 * 200 + 0.587 * 100 + 0.114 * 50),
        "contrast": 0,
        "two_greys": 1,
        "error": None,
    }


def test_greys_of_half_black_half_white():
    image = Image.new("RGB", (4, 4), "white")
    image.paste("black", (0, 0, 4, 2))
    assert grey_statistics(image) == (127.5, 127.5, 1)


@pytest.mark.parametrize("levels", [(0, 255), (0, 1), (40, 200)])
def test_a_mask_is_nearly_all_of_two_greys_and_noise_is_not(levels):
    mask = np.where(np.hypot(*np.mgrid[-60:60, -80:80]) < 40, *levels).astype(np.uint8)
    noisy = mask.clip(2, 253) + np.random.default_rng(1).integers(-2, 3, mask.shape)
    for grey in (mask, noisy.astype(np.uint8)):
        assert grey_statistics(Image.fromarray(grey).convert("RGB")).two_greys == 1
    even = np.random.default_rng(1).permutation(np.repeat(np.arange(256), 75)).reshape(120, 160)
    greys = grey_statistics(Image.fromarray(even.astype(np.uint8)).convert("RGB"))
    assert greys.two_greys == pytest.approx(10 / 256)


def test_greys_are_those_of_numpy():
    pixels = np.random.default_rng(1).integers(0, 256, (50, 70, 3), dtype=np.uint8)
    grey = (pixels @ [0.299, 0.587, 0.114]).round()
    found = grey_statistics(Image.fromarray(pixels))[:2]
    assert found == pytest.approx((grey.mean(), grey.std()), abs=0.01)


def test_bytes_that_are_no_image_keep_their_hash_and_a_reason():
    stored = decode_image("a", lambda: b"letter", PREPROCESS)
    assert stored.pixels is None
    assert stored.info["sha256"] == hashlib.sha256(b"letter").hexdigest()
    assert "not a JPEG" in stored.info["error"]
    assert stored.info["width"] is None


def test_a_file_that_cannot_be_read_has_a_reason_without_its_path(tmp_path):
    stored = decode_image("a", (tmp_path / "x.jpg").read_bytes, PREPROCESS)
    assert stored.pixels is None
    assert stored.info["error"] == "No such file or directory"
    assert set(stored.info) == set(decode_image("a", lambda: png("red"), PREPROCESS).info)


def test_a_mask_tells_its_share_of_the_area():
    image = Image.new("L", (96, 64))
    image.paste(255, (0, 0, 48, 64))
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    stored = decode_mask("a", buffer.getvalue, PREPROCESS)
    assert stored.pixels.shape == (32, 48, 1)
    sha256 = hashlib.sha256(buffer.getvalue()).hexdigest()
    size = {"width": 96, "height": 64}
    assert stored.info == {"sha256": sha256, **size, "mask_area": 0.5, "error": None}


def test_a_mask_of_other_proportions_than_its_image_is_refused_though_it_is_known(tmp_path):
    def mask(known=NOTHING_KNOWN, size=(96, 64)):
        return decode_mask("a", lambda: png("white"), PREPROCESS, known, size)

    recipe = PREPROCESS.recipe()
    write_image_store(tmp_path / "s", ImageBatch([mask()], (32, 48, 1), recipe=recipe))
    known = PreviousStore(tmp_path / "s").matching(recipe, (32, 48, 1))
    taken_over = mask(known, size=(192, 128))
    assert isinstance(taken_over.pixels, PixelsInShard)
    assert np.array_equal(taken_over.pixels.read(), mask().pixels)
    assert taken_over.info == mask().info
    refused = mask(known, size=(64, 64))
    assert refused.pixels is None
    assert refused.info["error"] == mask(size=(64, 64)).info["error"]
    assert "96 x 64, are not those of its image, 64 x 64" in refused.info["error"]


def test_masks_that_are_missing_or_damaged_have_no_pixels():
    missing = decode_mask("a", lambda: None, PREPROCESS)
    damaged = decode_mask("a", lambda: b"x", PREPROCESS)
    assert missing.pixels is None
    assert damaged.pixels is None
    assert set(missing.info.values()) == {None}
    assert damaged.info["error"]
