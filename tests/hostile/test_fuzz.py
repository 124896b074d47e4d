"""Flipped bits and cuts at many places: an error that is foreseen, or the truth, and no other."""

import contextlib
import zipfile

import numpy as np
import pytest

from dermaflow.data.images.pixel_modes import ImageError
from dermaflow.data.images.preprocess import Preprocess
from dermaflow.data.sources.archive import ZipFolder
from dermaflow.errors import SourceError
from dermaflow.io.untrusted_tables import read_table
from hostile import tables
from hostile.archives import Member, make_zip
from hostile.masks import lab_mask
from hostile.pictures import encode, picture, turned
from hostile.stages import HEIGHT, WIDTH
from hostile.world import bounded, quiet

PREPROCESS = Preprocess(HEIGHT, WIDTH, max_pixels=1_000_000)
OPTIONS = {
    "JPEG": {"exif": turned(6)},
    "progressive JPEG": {"format": "JPEG", "progressive": True},
    "PNG": {"exif": turned(6)},
    "TIFF": {},
    "TIFF, LZW": {"format": "TIFF", "compression": "tiff_lzw"},
    "TIFF, deflate": {"format": "TIFF", "compression": "tiff_adobe_deflate"},
    "TIFF, JPEG": {"format": "TIFF", "compression": "jpeg"},
    "BigTIFF": {"format": "TIFF", "big_tiff": True},
    "WEBP": {},
    "WEBP without loss": {"format": "WEBP", "lossless": True},
    "BMP": {},
}
MODES = ("RGB", "L", "P", "CMYK", "RGBA", "LA", "1", "I;16", "F", "LAB")


def cuts(content, count):
    """The content, cut at places all over it and at each of its last bytes."""
    places = {*np.linspace(0, len(content) - 1, count, dtype=int), *range(-12, 0)}
    return [content[:place] for place in places]


def flips(content, count, seed=0):
    """The content with some bytes changed, most often near its ends, where headers are."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        changed = bytearray(content)
        for reach in rng.choice([60, 300, len(content)], rng.integers(1, 5)):
            place = rng.integers(min(reach, len(content))) * rng.choice([1, -1])
            changed[place] = rng.choice([0, 1, 127, 128, 255, rng.integers(256)])
        yield bytes(changed)


def encoded(name, image):
    options = {"format": name} | OPTIONS[name]
    return encode(image, options.pop("format"), **options)


@pytest.mark.parametrize("name", OPTIONS)
def test_a_cut_image_is_told_or_whole(name):
    content = encoded(name, picture())
    whole = PREPROCESS.decode(content)
    with quiet(), bounded():
        for cut in cuts(content, 60):
            with contextlib.suppress(ImageError):
                assert np.array_equal(PREPROCESS.decode(cut), whole)


@pytest.mark.parametrize("mode", MODES)
def test_flipped_bits_of_images_are_told_or_give_pixels(mode):
    image = picture().convert("L" if mode in ("I;16", "F") else "RGB")
    image = lab_mask() if mode == "LAB" else image.convert(mode)
    for name in OPTIONS:
        try:
            content = encoded(name, image)
        except (OSError, ValueError, RuntimeError):  # a mode that the format does not have
            continue
        with quiet(), bounded():
            for flipped in flips(content, 15):
                with contextlib.suppress(ImageError):
                    assert PREPROCESS.decode(flipped).shape == (HEIGHT, WIDTH, 3)
                with contextlib.suppress(ImageError):
                    assert PREPROCESS.decode_mask(flipped).shape == (HEIGHT, WIDTH, 1)


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_flipped_bits_and_cuts_of_tables_are_told_or_give_rows(tmp_path, suffix):
    content = tables.PLAIN.encode() if suffix == ".csv" else tables.parquet(tables.frame())
    path = tmp_path / f"list{suffix}"
    columns = {name: name for name in tables.HEADER.strip().split(",")}
    with quiet(), bounded():
        for hostile in [*cuts(content, 60), *flips(content, 400)]:
            path.write_bytes(hostile)
            with contextlib.suppress(SourceError):
                assert list(read_table(path, columns, "key")) == list(columns)


def test_flipped_bits_and_cuts_of_zips_are_told_or_cost_a_member(tmp_path):
    members = {f"{n}.jpg": bytes([n]) * 200 for n in range(4)}
    methods = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) * 2
    sound = make_zip(list(map(Member, members, members.values(), methods)))
    path = tmp_path / "images.zip"
    for hostile in [*cuts(sound, 60), *flips(sound, 600)]:
        path.write_bytes(hostile)
        with contextlib.suppress(SourceError):
            folder = ZipFolder([path], "key")
            for name in folder.names():
                with contextlib.suppress(OSError):
                    content = folder.read(name)
                    assert name not in members or content == members[name]
