"""A mask is read as it lies on its image."""

import io

import numpy as np
import pytest
from PIL import Image

from dermaflow.data.images.decoding import decode_image, decode_mask
from dermaflow.data.images.image_store import ImageBatch, ImageStore, StoredImage, write_image_store
from dermaflow.data.images.masks import read_mask
from dermaflow.data.images.preprocess import Preprocess

HEIGHT, WIDTH = 24, 32


@pytest.fixture
def make_store(tmp_path):
    def make(images, channels=1):
        folder = tmp_path / f"of {channels}"
        write_image_store(folder, ImageBatch(images, (HEIGHT, WIDTH, channels)))
        return ImageStore(folder)

    return make


def test_a_mask_is_true_inside_by_row_and_column(make_store):
    pixels = np.zeros((HEIGHT, WIDTH, 1), np.uint8)
    pixels[3, 30] = 255
    mask = read_mask(make_store([StoredImage("a", pixels)]), "a")
    assert (mask.shape, mask.dtype) == ((HEIGHT, WIDTH), bool)
    assert np.argwhere(mask).tolist() == [[3, 30]]


def test_each_image_has_its_own_mask_and_one_that_failed_has_none(make_store):
    """The mask of another image would lie on a wrong one, an empty mask would hide the lesion."""
    images = [
        StoredImage("a", np.full((HEIGHT, WIDTH, 1), 255, np.uint8), {"error": None}),
        StoredImage("torn", None, {"error": "damaged"}),
        StoredImage("b", np.zeros((HEIGHT, WIDTH, 1), np.uint8), {"error": None}),
    ]
    store = make_store(images)
    assert read_mask(store, "a").all()
    assert not read_mask(store, "b").any()
    assert read_mask(store, "torn") is None
    assert read_mask(store, "of no image") is None


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_mask_lies_on_its_image_however_both_were_turned_and_cut(make_store, orientation):
    """The lesion is the bright quarter of the picture; both are cropped to other proportions."""
    grey = np.zeros((96, 200), np.uint8)
    grey[:48, :100] = 255
    exif = Image.Exif()
    exif[0x0112] = orientation

    def encode(image):
        buffer = io.BytesIO()
        image.save(buffer, "PNG", exif=exif)
        return buffer.getvalue()

    preprocess = Preprocess(HEIGHT, WIDTH)
    picture, inside = Image.fromarray(grey).convert("RGB"), Image.fromarray(grey)
    images = make_store([decode_image("a", lambda: encode(picture), preprocess)], channels=3)
    masks = make_store([decode_mask("a", lambda: encode(inside), preprocess)])
    mask = read_mask(masks, "a")
    np.testing.assert_array_equal(mask, images.read(["a"])[0, :, :, 0] > 127)
    assert 0.1 < mask.mean() < 0.4
