"""Sound pictures in unusual clothes, and the pixels that must be found in the store."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image

from hostile.pictures import chunk, encode, idat, picture, pixels, png, turned
from hostile.stages import HEIGHT, WIDTH


@dataclass(frozen=True)
class Oddity:
    """A file that is accepted; ``expected`` is uint8 (H, W, 3), ``tolerance`` in grey levels."""

    id: str
    make: Callable[[], bytes]
    expected: Callable[[], np.ndarray] = pixels
    tolerance: int = 0
    suffix: str = ".png"


def grey() -> np.ndarray:
    return pixels()[:, :, 0]


def grey_shown() -> np.ndarray:
    return np.repeat(grey()[:, :, None], 3, axis=2)


def with_white_half() -> np.ndarray:
    shown = pixels().copy()
    shown[:, : WIDTH // 2] = 255
    return shown


def half_transparent() -> Image.Image:
    alpha = np.full((HEIGHT, WIDTH, 1), 255, np.uint8)
    alpha[:, : WIDTH // 2] = 0
    return Image.fromarray(np.concatenate([pixels(), alpha], axis=2))


def indexed() -> Image.Image:
    """A palette of all colours of the mosaic; the first is that of the upper left corner."""
    colours, index = np.unique(pixels().reshape(-1, 3), axis=0, return_inverse=True)
    image = Image.fromarray(index.reshape(HEIGHT, WIDTH).astype(np.uint8), "P")
    image.putpalette(colours.tobytes())
    return image


def with_white_index() -> np.ndarray:
    shown = pixels().copy()
    shown[np.asarray(indexed()) == 7] = 255
    return shown


def cmyk() -> Image.Image:
    inks = np.concatenate([255 - pixels(), np.zeros((HEIGHT, WIDTH, 1), np.uint8)], axis=2)
    return Image.frombytes("CMYK", (WIDTH, HEIGHT), inks.tobytes())


def deep_colours() -> bytes:
    """A PNG of 16 bits a channel."""
    import zlib

    deep = (pixels().astype(np.uint16) * 257).astype(">u2")
    rows = b"".join(b"\0" + row.tobytes() for row in deep)
    return png(chunk(b"IDAT", zlib.compress(rows)), depth=16)


def deep_grey() -> Image.Image:
    return Image.fromarray(grey().astype(np.uint16) * 257)


# What undoes the turn that an EXIF orientation asks for.
UNDO = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def held(orientation: int, format: str = "PNG", **options) -> bytes:
    """The picture as a camera writes it that was held so."""
    undo = UNDO.get(orientation)
    image = picture() if undo is None else picture().transpose(undo)
    return encode(image, format, exif=turned(orientation), **options)


def frames(format: str, **options) -> bytes:
    return encode(picture(), format, save_all=True, append_images=[picture(1)], **options)


FINE = {"quality": 100, "subsampling": 0}
JPEG_ERROR = 4

CASES = [
    Oddity("BMP", lambda: encode(picture(), "BMP")),
    Oddity("WebP without loss", lambda: encode(picture(), "WEBP", lossless=True)),
    *(
        Oddity(f"TIFF, {name}", lambda name=name: encode(picture(), "TIFF", compression=name))
        for name in ("raw", "tiff_lzw", "tiff_adobe_deflate", "packbits")
    ),
    Oddity("BigTIFF", lambda: encode(picture(), "TIFF", big_tiff=True)),
    Oddity("JPEG", lambda: encode(picture(), "JPEG", **FINE), tolerance=JPEG_ERROR),
    Oddity(
        "progressive JPEG",
        lambda: encode(picture(), "JPEG", progressive=True, **FINE),
        tolerance=JPEG_ERROR,
    ),
    Oddity("PNG named JPEG", lambda: encode(picture()), suffix=".jpg"),
    Oddity("TIFF named PNG in capitals", lambda: encode(picture(), "TIFF"), suffix=".PNG"),
    Oddity("PNG without suffix", lambda: encode(picture()), suffix=""),
    Oddity("grey", lambda: encode(Image.fromarray(grey())), grey_shown),
    Oddity("grey of 16 bits", lambda: encode(deep_grey()), grey_shown),
    Oddity("grey of 16 bits, TIFF", lambda: encode(deep_grey(), "TIFF"), grey_shown),
    Oddity("colours of 16 bits", deep_colours),
    Oddity("palette", lambda: encode(indexed())),
    Oddity("palette, BMP", lambda: encode(indexed(), "BMP")),
    Oddity(
        "palette with a transparent colour",
        lambda: encode(indexed(), "PNG", transparency=7),
        with_white_index,
    ),
    Oddity("opaque alpha", lambda: encode(picture().convert("RGBA"))),
    Oddity("transparent half", lambda: encode(half_transparent()), with_white_half),
    Oddity(
        "transparent half, WebP",
        lambda: encode(half_transparent(), "WEBP", lossless=True),
        with_white_half,
    ),
    Oddity("CMYK, TIFF", lambda: encode(cmyk(), "TIFF")),
    Oddity("CMYK, JPEG", lambda: encode(cmyk(), "JPEG", **FINE), tolerance=JPEG_ERROR),
    *(Oddity(f"EXIF orientation {n}", lambda n=n: held(n)) for n in range(1, 9)),
    Oddity("EXIF orientation 6, TIFF", lambda: held(6, "TIFF")),
    Oddity("EXIF orientation 6, WebP", lambda: held(6, "WEBP", lossless=True)),
    Oddity(
        "EXIF orientation 6, JPEG", lambda: held(6, "JPEG", **FINE), tolerance=JPEG_ERROR
    ),
    Oddity("EXIF orientation 99", lambda: held(99)),
    Oddity(
        "damaged EXIF",
        lambda: encode(
            picture(), "JPEG", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff" + b"\xff" * 40, **FINE
        ),
        tolerance=JPEG_ERROR,
    ),
    Oddity("damaged colour profile", lambda: encode(picture(), "PNG", icc_profile=b"profile")),
    Oddity("animated PNG", lambda: frames("PNG")),
    Oddity("animated WebP", lambda: frames("WEBP", lossless=True)),
    Oddity("TIFF of two pages", lambda: frames("TIFF")),
    Oddity("two pictures in one JPEG", lambda: frames("MPO", **FINE), tolerance=JPEG_ERROR),
    Oddity(
        "film behind its end",  # as telephones write
        lambda: encode(picture(), "JPEG", **FINE) + b"\xff\xda" * 500,
        tolerance=JPEG_ERROR,
    ),
    Oddity("more behind its end", lambda: encode(picture()) + b"<script>" * 99),
    Oddity("cut behind its pixels", lambda: png(idat())[:-12]),
    Oddity("unknown chunks", lambda: png(chunk(b"duMy", b"x" * 99), idat(), chunk(b"prVt", b""))),
]  # fmt: skip
