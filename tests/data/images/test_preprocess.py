"""What cameras, archives and attackers hand in, and what becomes of it."""

import contextlib
import io
import struct
import zlib

import numpy as np
import pytest
import torch
from PIL import Image, ImageOps

from dermaflow.data.images.pixel_modes import ImageError
from dermaflow.data.images.preprocess import IMAGENET_MEAN, IMAGENET_STD, Preprocess

RED, GREEN = (200, 30, 20), (20, 180, 40)


def encode(image, format="PNG", **options):
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def halves(size=(60, 40), left=RED, right=GREEN):
    """An image of two colours, left and right."""
    image = Image.new("RGB", size, left)
    image.paste(right, (size[0] // 2, 0, *size))
    return image


@pytest.fixture
def preprocess():
    return Preprocess(40, 60)


@pytest.mark.parametrize("format", ["PNG", "BMP", "TIFF", "WEBP", "JPEG"])
def test_formats_decode_to_the_same_picture(preprocess, format):
    options = (
        {"lossless": True} if format == "WEBP" else {"quality": 95} if format == "JPEG" else {}
    )
    pixels = preprocess.decode(encode(halves(), format, **options))
    assert pixels.shape == (40, 60, 3)
    assert pixels.dtype == np.uint8
    expected = np.asarray(halves())
    tolerance = 8 if format == "JPEG" else 0
    assert np.abs(pixels[:, :24].astype(int) - expected[:, :24]).max() <= tolerance
    assert np.abs(pixels[:, 36:].astype(int) - expected[:, 36:]).max() <= tolerance


@pytest.mark.parametrize(("orientation", "left_is"), [(1, RED), (3, GREEN), (2, GREEN)])
def test_exif_turns_the_picture_upright(preprocess, orientation, left_is):
    exif = Image.Exif()
    exif[0x0112] = orientation
    pixels = preprocess.decode(encode(halves(), "PNG", exif=exif))
    assert pixels[20, 10].tolist() == list(left_is)


def test_exif_may_swap_the_sides(preprocess):
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned a quarter clockwise
    encoded = encode(halves(), "PNG", exif=exif)
    assert preprocess.open(encoded).size == (40, 60)
    pixels = Preprocess(60, 40).decode(encoded)
    assert (tuple(pixels[5, 20]), tuple(pixels[55, 20])) == (RED, GREEN)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_damaged_exif_does_not_cost_the_picture(preprocess):
    encoded = encode(halves(), "JPEG", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff" + b"\xff" * 40)
    assert preprocess.decode(encoded).shape == (40, 60, 3)


@pytest.mark.parametrize("format", ["PNG", "TIFF"])
def test_bilevel_and_palette_images_keep_their_colours(preprocess, format):
    palette = halves().quantize(4)
    assert np.abs(preprocess.decode(encode(palette, format)) - np.asarray(halves()) + 3).max() <= 6
    bilevel = halves(left=(0, 0, 0), right=(255, 255, 255)).convert("1")
    assert np.unique(preprocess.decode(encode(bilevel, format))).tolist() == [0, 255]


def test_cmyk_keeps_its_colours(preprocess):
    pixels = preprocess.decode(encode(halves().convert("CMYK"), "JPEG", quality=95))
    assert np.abs(pixels[20, 10].astype(int) - RED).max() < 12


@pytest.mark.parametrize("format", ["WEBP", "PNG", "TIFF"])
def test_of_several_frames_the_first_counts(preprocess, format):
    first, second = Image.new("RGB", (60, 40), RED), Image.new("RGB", (60, 40), GREEN)
    options = {"lossless": True} if format == "WEBP" else {}
    encoded = encode(first, format, save_all=True, append_images=[second], **options)
    assert preprocess.decode(encoded)[20, 30].tolist() == list(RED)


def test_scaling_keeps_proportions_and_the_centre():
    image = halves((120, 40)).convert("RGB")
    image.paste((0, 0, 255), (0, 0, 30, 40))  # blue flanks fall off
    image.paste((0, 0, 255), (90, 0, 120, 40))
    pixels = Preprocess(32, 48).decode(encode(image))
    assert pixels.shape == (32, 48, 3)
    assert pixels[16, 3].tolist() == list(RED)
    assert pixels[16, 44].tolist() == list(GREEN)


@pytest.mark.parametrize(
    ("size", "fitted"),
    [((120, 40), (60, 20)), ((40, 120), (13, 40)), ((30, 20), (60, 40)), ((4000, 1), (60, 1))],
)
def test_a_picture_that_is_fitted_keeps_its_edges(preprocess, size, fitted):
    picture = preprocess.fit(preprocess.open(encode(halves(size))))
    assert picture.size == fitted
    assert picture.getpixel((0, 0)) == RED
    assert picture.getpixel((fitted[0] - 1, fitted[1] - 1)) == GREEN


def test_a_picture_is_fitted_upright(preprocess):
    exif = Image.Exif()
    exif[0x0112] = 6
    picture = preprocess.fit(preprocess.open(encode(halves(), exif=exif)))
    assert picture.size == (27, 40)
    assert (picture.getpixel((13, 2)), picture.getpixel((13, 37))) == (RED, GREEN)


@pytest.mark.parametrize("size", [(1, 1), (4000, 1), (1, 3000), (7, 5)])
def test_odd_sizes_are_brought_to_the_stored_one(preprocess, size):
    assert preprocess.decode(encode(Image.new("RGB", size, RED))).shape == (40, 60, 3)


def photograph(width, height):
    """Soft shapes of every colour, as a lens draws them."""
    coarse = np.random.default_rng(width).integers(0, 256, (8, 11, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)


def as_jpeg_and_png(image, **options):
    """The same pixels in a file that can be decoded at a fraction of its size, and in one not."""
    jpeg = encode(image, "JPEG", quality=95, **options)
    with Image.open(io.BytesIO(jpeg)) as decoded:
        return jpeg, encode(decoded, "PNG", **options)


@pytest.mark.parametrize(
    ("size", "fraction"),
    [
        ((600, 450), 4),
        ((601, 451), 4),
        ((2003, 1501), 8),
        ((800, 239), 2),
        ((241, 353), 2),
        ((181, 121), 2),
        ((181, 119), 1),
        ((179, 800), 1),
        ((20, 20), 1),
    ],
)
def test_a_large_jpeg_is_decoded_at_a_fraction_and_cut_alike(size, fraction):
    preprocess = Preprocess(40, 60)
    jpeg, png = as_jpeg_and_png(photograph(*size))
    picture = preprocess.open(jpeg)
    assert picture.size == size
    assert picture.extent == (size[0] / fraction, size[1] / fraction)
    assert picture.image.size == tuple(-(-side // fraction) for side in size)
    difference = preprocess.decode(jpeg).astype(int) - preprocess.decode(png)
    assert np.abs(difference).mean() < 0.7
    assert np.abs(difference).max() <= 6


@pytest.mark.parametrize("size", [(601, 451), (447, 603)])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_large_jpeg_is_turned_as_any_other_image(size, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    jpeg, png = as_jpeg_and_png(photograph(*size), exif=exif)
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(png)))
    preprocess = Preprocess(40, 60)
    assert preprocess.open(jpeg).size == preprocess.open(png).size == upright.size
    expected = preprocess.decode(encode(upright)).astype(int)
    assert np.abs(preprocess.decode(png) - expected).max() <= 1
    assert np.abs(preprocess.decode(jpeg) - expected).mean() < 0.7


@pytest.mark.parametrize("size", [(60, 40), (61, 40), (90, 41), (37, 200), (301, 299), (1, 1)])
def test_the_part_that_is_kept_is_that_of_pillows_fit(preprocess, size):
    image = photograph(*size)
    expected = np.asarray(ImageOps.fit(image, (60, 40), Image.Resampling.BILINEAR))
    np.testing.assert_array_equal(preprocess.decode(encode(image)), expected)


def test_a_large_jpeg_that_ends_too_early_is_refused(preprocess):
    encoded = encode(photograph(600, 450), "JPEG")
    with pytest.raises(ImageError, match="damaged or truncated"):
        preprocess.decode(encoded[: len(encoded) // 2])


def claimed_size_png(width, height):
    """A PNG whose header claims a size for which it has no pixels."""

    def chunk(kind, data):
        checksum = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    body = chunk(b"IDAT", zlib.compress(b"SECRET" * 9)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + header + body


SECRET = b"<html>SECRET-4711</html>" * 20
TINY_JPEG = encode(halves(), "JPEG")


@pytest.mark.parametrize(
    ("encoded", "reason"),
    [
        (b"", "empty file"),
        (SECRET, "not a JPEG, PNG, BMP, TIFF or WebP image"),
        (b"GIF89a" + SECRET, "not a JPEG"),
        (encode(halves(), "GIF"), "not a JPEG"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not a JPEG"),
        (TINY_JPEG[: len(TINY_JPEG) // 2], "damaged or truncated"),
        (TINY_JPEG[:20] + SECRET, "not a JPEG|damaged or truncated"),
        (encode(halves())[:-30], "damaged or truncated"),
        (b"II*\0\x08\0\0\0" + SECRET, "not a JPEG|damaged or truncated"),
        (claimed_size_png(50_000, 50_000), "larger than 64000000 pixels"),
        (claimed_size_png(12_000, 8_000), "larger than 64000000 pixels"),
        (claimed_size_png(60, 40), "damaged or truncated"),
        (encode(Image.new("F", (9, 9)), "TIFF"), "32-bit"),
    ],
)
@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::PIL.Image.DecompressionBombWarning")
def test_what_is_no_image_is_refused_without_echo(preprocess, encoded, reason):
    with pytest.raises(ImageError, match=reason) as caught:
        preprocess.decode(encoded)
    assert "SECRET" not in str(caught.value)
    assert len(str(caught.value)) < 100
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_large_files_are_refused_undecoded():
    with pytest.raises(ImageError, match="larger than 100 bytes"):
        Preprocess(40, 60, max_bytes=100).decode(encode(halves(), "BMP"))


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_random_bytes_never_raise_anything_else(preprocess):
    """Bit flips in real files reach deep into the decoders."""
    rng = np.random.default_rng(5)
    originals = [encode(halves(), name) for name in ("JPEG", "PNG", "TIFF", "WEBP", "BMP")]
    for _ in range(200):
        for original in originals:
            content = bytearray(original)
            for place in rng.integers(0, len(content), 4):
                content[place] = rng.integers(256)
            with contextlib.suppress(ImageError):
                assert preprocess.decode(bytes(content)).shape == (40, 60, 3)


@pytest.mark.parametrize("inside", [1, 255, 65535])
def test_masks_mean_the_same_in_any_depth(preprocess, inside):
    array = np.zeros((40, 60), np.uint16 if inside > 255 else np.uint8)
    array[10:30, 15:45] = inside
    mask = preprocess.decode_mask(encode(Image.fromarray(array)))
    assert mask.shape == (40, 60, 1)
    assert np.unique(mask).tolist() == [0, 255]
    assert ((mask[:, :, 0] > 0) == (array > 0)).all()


def test_a_mask_is_cut_as_its_image_is():
    """The same crop and scale: a mask that is its image's bright half stays so."""
    preprocess = Preprocess(30, 30)
    image = halves((90, 40), left=(0, 0, 0), right=(255, 255, 255))
    mask = preprocess.decode_mask(encode(image.convert("L")))
    bright = preprocess.decode(encode(image))[:, :, :1] > 127
    assert ((mask > 0) == bright).all()


def test_a_damaged_mask_is_an_image_error(preprocess):
    with pytest.raises(ImageError):
        preprocess.decode_mask(b"no mask")


def test_input_is_normalised_by_channel(preprocess):
    pixels = np.zeros((2, 40, 60, 3), np.uint8)
    pixels[1] = 255
    images = preprocess.to_input(pixels)
    assert images.shape == (2, 3, 40, 60)
    assert images.dtype == torch.float32
    for channel, (mean, std) in enumerate(zip(IMAGENET_MEAN, IMAGENET_STD, strict=True)):
        assert images[0, channel, 0, 0].item() == pytest.approx(-mean / std, rel=1e-5)
        assert images[1, channel, 0, 0].item() == pytest.approx((1 - mean) / std, rel=1e-5)


def test_a_description_rebuilds_an_equal_object():
    preprocess = Preprocess(96, 128, mean=(0.1, 0.2, 0.3))
    assert Preprocess.from_dict(preprocess.to_dict()) == preprocess
