"""What the modes of image files mean: colours of a picture, and inside and outside of a mask."""

import numpy as np
import pytest
from PIL import Image

from dermaflow.data.images.pixel_modes import ImageError, to_binary, to_rgb

RED, GREEN = (200, 30, 20), (20, 180, 40)


def halves():
    """Red on the left and green on the right."""
    image = Image.new("RGB", (6, 4), RED)
    image.paste(GREEN, (3, 0, 6, 4))
    return image


def row(*values, dtype=np.uint8):
    return Image.fromarray(np.array([values], dtype))


def rgb(image):
    converted = to_rgb(image)
    assert (converted.mode, converted.size) == ("RGB", image.size)
    return np.asarray(converted)


def inside(image):
    """A mask's values, in its first row."""
    mask = to_binary(image)
    assert (mask.mode, mask.size) == ("L", image.size)
    return np.asarray(mask)[0].tolist()


def test_grey_becomes_three_equal_channels():
    assert rgb(row(0, 90, 255))[0].tolist() == [[0] * 3, [90] * 3, [255] * 3]


@pytest.mark.parametrize("dtype", ["<u2", ">u2"])
def test_sixteen_bit_grey_keeps_its_high_byte_rounded(dtype):
    """255 * 257 is 65535, so that half of a step is between 128 and 129."""
    values = np.array([[0, 128, 129, 385, 386, 32768, 65535]], dtype)
    mode = {"<u2": "I;16", ">u2": "I;16B"}[dtype]
    image = Image.frombytes(mode, (7, 1), values.tobytes())
    assert rgb(image)[0, :, 0].tolist() == [0, 0, 1, 1, 2, 128, 255]


@pytest.mark.parametrize("mode", ["RGB", "P", "CMYK", "YCbCr", "RGBA"])
def test_colours_are_kept_in_every_mode(mode):
    image = halves().quantize(4) if mode == "P" else halves().convert(mode)
    difference = np.abs(rgb(image).astype(int) - np.asarray(halves()))
    assert difference.max() <= 3


def test_bilevel_pictures_are_black_and_white():
    image = Image.fromarray(np.array([[True, False]]))
    assert rgb(image)[0, :, 0].tolist() == [255, 0]


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparent_parts_show_white(mode):
    image = Image.new("RGBA", (6, 4), (0, 0, 0, 0))
    image.paste((40, 40, 40, 255), (3, 0, 6, 4))
    image = image.quantize(4) if mode == "P" else image.convert(mode)
    pixels = rgb(image)
    assert pixels[2, 1].tolist() == [255, 255, 255]
    assert np.abs(pixels[2, 4].astype(int) - 40).max() <= 3


def test_what_is_half_transparent_is_half_white():
    image = Image.new("RGBA", (1, 1), (0, 100, 200, 128))
    assert rgb(image)[0, 0].tolist() == pytest.approx([127, 177, 227], abs=1)


def test_one_colour_of_a_grey_picture_may_be_transparent():
    image = row(0, 90)
    image.info["transparency"] = 0
    assert rgb(image)[0, :, 0].tolist() == [255, 90]


@pytest.mark.parametrize("mode", ["I", "F"])
def test_pixels_of_no_known_range_are_refused(mode):
    with pytest.raises(ImageError, match="no known range"):
        to_rgb(Image.new(mode, (2, 2)))


@pytest.mark.parametrize("largest", [1, 2, 200, 255])
def test_inside_is_what_exceeds_half_of_the_largest_value(largest):
    half = largest // 2
    assert inside(row(0, half, half + 1, largest)) == [0, 0, 255, 255]


def test_sixteen_bit_masks_mean_the_same():
    assert inside(row(0, 1, dtype=np.uint16)) == [0, 255]
    assert inside(row(0, 300, 32767, 32768, 65535, dtype=np.uint16)) == [0, 0, 0, 255, 255]


@pytest.mark.parametrize("mode", ["1", "P", "RGB", "RGBA", "LA", "CMYK", "I", "F"])
def test_black_and_white_is_outside_and_inside_in_every_mode(mode):
    assert inside(row(0, 255, 0).convert(mode)) == [0, 255, 0]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_mask_of_nothing_has_nothing_inside(dtype):
    assert inside(row(0, 0, dtype=dtype)) == [0, 0]
    assert inside(Image.new("1", (2, 1))) == [0, 0]


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ((0, 300, 40_000, 65_535), np.int32),
        ((0, 0.4, 0.6, 1), np.float32),
        ((0, 100, 600, 1000), np.float32),
    ],
)
def test_a_mask_of_32_bits_is_divided_at_half_of_its_own_largest_value(values, dtype):
    assert inside(row(*values, dtype=dtype)) == [0, 0, 255, 255]
