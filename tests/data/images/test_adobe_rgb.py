"""What a camera marks as Adobe RGB becomes sRGB, as it does by a profile."""

import io

import numpy as np
import pytest
from PIL import ExifTags, Image

from data.images.icc import SRGB, adobe_to_srgb, profile
from dermaflow.data.images.preprocess import Preprocess

SKIN = (178, 136, 118)


def decoded(index, icc=None, format="PNG"):
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "a camera"
    if index is not None:
        exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.IFD.Interop] = {1: index, 2: b"0100"}
    buffer = io.BytesIO()
    Image.new("RGB", (64, 48), SKIN).save(buffer, format, exif=exif, icc_profile=icc)
    return Preprocess(height=24, width=32).decode(buffer.getvalue()).astype(int)


@pytest.mark.parametrize("format", ["PNG", "JPEG"])
def test_r03_is_adobe_rgb(format):
    near = 4 if format == "JPEG" else 1.5  # levels that a lossy file is off
    assert np.abs(decoded("R03", format=format) - adobe_to_srgb(SKIN)).max() <= near


@pytest.mark.parametrize("index", [None, "R98", "THM", ""])
def test_all_else_is_srgb(index):
    assert (decoded(index) == SKIN).all()


def test_a_profile_goes_before_exif():
    assert (decoded("R03", profile(SRGB, 1.0)) == decoded(None, profile(SRGB, 1.0))).all()
    assert (decoded("R03") != decoded("R03", profile(SRGB, 1.0))).any()


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_damaged_exif_leaves_colours_as_they_are():
    buffer = io.BytesIO()
    Image.new("RGB", (64, 48), SKIN).save(buffer, "PNG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff")
    assert (Preprocess(height=24, width=32).decode(buffer.getvalue()) == SKIN).all()
