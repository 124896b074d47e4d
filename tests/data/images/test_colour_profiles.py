"""Colours of a file's own profile become those of sRGB."""

import io

import numpy as np
import pytest
from PIL import Image, ImageCms

from data.images.icc import ADOBE_GAMMA, ADOBE_RGB, SRGB, adobe_to_srgb, profile
from dermaflow.data.images.colour_profiles import to_srgb
from dermaflow.data.images.preprocess import Preprocess

SKIN = (178, 136, 118)
ADOBE = profile(ADOBE_RGB, ADOBE_GAMMA)


def decoded(colour, icc, format="PNG", mode="RGB"):
    buffer = io.BytesIO()
    Image.new(mode, (64, 48), colour).save(buffer, format, icc_profile=icc)
    return Preprocess(height=24, width=32).decode(buffer.getvalue())


@pytest.mark.parametrize("colour", [SKIN, (90, 60, 40), (200, 200, 200), (30, 140, 60), (0, 0, 0)])
@pytest.mark.parametrize("format", ["PNG", "TIFF", "JPEG"])
def test_adobe_rgb_becomes_srgb(colour, format):
    pixels = decoded(colour, ADOBE, format)
    near = 4 if format == "JPEG" else 1.5  # levels that a lossy file is off
    assert np.abs(pixels - adobe_to_srgb(colour)).max() <= near


def test_skin_would_be_levels_off_without():
    assert np.abs(adobe_to_srgb(SKIN) - SKIN).max() > 8
    assert np.array_equal(decoded(SKIN, None)[0, 0], SKIN)


def test_pixels_with_a_profile_of_srgb_stay_to_the_bit():
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    noise = np.random.default_rng(1).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    image = Image.fromarray(noise)
    image.info["icc_profile"] = icc
    assert to_srgb(image).tobytes() == noise.tobytes()


@pytest.mark.parametrize(
    "icc",
    [
        b"no profile",
        ADOBE[:200],
        ADOBE[:128] + b"\xff" * 400,
        profile(ADOBE_RGB, ADOBE_GAMMA, space=b"GRAY"),
        ADOBE + bytes(4 * 2**20),
    ],
    ids=["text", "cut short", "damaged", "of greys", "huge"],
)
def test_a_profile_that_is_none_changes_nothing(icc):
    image = Image.new("RGB", (4, 4), SKIN)
    image.info["icc_profile"] = icc
    assert to_srgb(image).tobytes() == image.tobytes()


def test_transparent_greys_and_other_modes_are_converted_after_they_are_rgb():
    grey = decoded(128, ADOBE, mode="L")
    assert np.abs(grey - adobe_to_srgb((128,) * 3)).max() <= 1.5
    clear = decoded((*SKIN, 0), ADOBE, mode="RGBA")
    assert clear.min() >= 254  # white


def test_a_profile_of_srgb_primaries_and_another_gamma_is_another():
    assert np.abs(decoded(SKIN, profile(SRGB, 1.0)).astype(int) - SKIN).max() > 20
