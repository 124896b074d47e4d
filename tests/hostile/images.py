"""Image files that are no images, are damaged, would burst, or show nothing."""

import base64
import gzip
import io
import struct
import zipfile
import zlib

import numpy as np
from PIL import Image, ImageDraw

from hostile.cases import Case
from hostile.damaged import (
    DAMAGED,
    DAMAGED_FILES,
    EMPTY,
    NO_IMAGE,
    TOO_MANY_BYTES,
    TOO_MANY_PIXELS,
    TOO_MANY_SCANS,
)
from hostile.pictures import (
    bmp,
    chunk,
    encode,
    frame_header,
    idat,
    jpeg,
    picture,
    pixels,
    png,
    scans,
    sound_png,
    tiff,
    turned,
    webp_canvas,
)
from hostile.stages import HEIGHT, MAX_BYTES, WIDTH

UNIFORM = "image is uniform"
TOO_DARK_OR_BRIGHT = "image is too dark or too bright"
TOO_SMALL = "image is too small"
TOO_LONG = "image is too long for its width"
TWO_VALUES = "image has two values, as a lesion mask"


def zeros() -> bytes:
    """Ten million zeros, deflated."""
    return zlib.compress(bytes(10_000_000), 9)


def zipped(name: str, content: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr(name, content)
    return buffer.getvalue()


def lesion_mask(inside: str = "white", outside: str = "black") -> Image.Image:
    image = Image.new("RGB", (600, 450), outside)
    ImageDraw.Draw(image).ellipse((150, 100, 420, 340), fill=inside)
    return image


def dotted() -> Image.Image:
    """Grey with one white pixel."""
    image = Image.new("RGB", (WIDTH, HEIGHT), (128, 128, 128))
    image.putpixel((5, 5), (255, 255, 255))
    return image


def dim() -> Image.Image:
    return Image.fromarray(pixels() // 12)


XML_BOMB = (
    '<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefg", "bcdefgh", strict=True))
    + ']><svg xmlns="http://www.w3.org/2000/svg"><text>&h;</text></svg>'
)

OTHER_FILES = {
    "web page saved as jpg": lambda: b"<!DOCTYPE html><html><body>Log in to go on</body></html>",
    "answer of a server": lambda: b'{"error": "token expired"}',
    "letter": lambda: "Sehr geehrte Kollegen, anbei …".encode(),
    "pointer of Git LFS": lambda: b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
    "bomb of XML entities in an SVG": XML_BOMB.encode,
    "SVG that loads a file": lambda: (
        b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>'
    ),
    "PostScript program": lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nquit\n",
    "PDF": lambda: b"%PDF-1.7\n1 0 obj<<>>endobj\n%%EOF",
    "GIF": lambda: encode(picture(), "GIF"),
    "animated GIF": lambda: encode(
        picture(), "GIF", save_all=True, append_images=[picture(1), picture(2)]
    ),
    "PPM": lambda: encode(picture(), "PPM"),
    "TGA": lambda: encode(picture(), "TGA"),
    "icon": lambda: encode(picture(), "ICO"),
    "JPEG 2000": lambda: encode(picture(), "JPEG2000"),
    "Photoshop document": lambda: b"8BPS\0\1" + bytes(6) + b"\0\3\0\0\0\x40\0\0\0\x60\0\x08\0\3",
    "HEIC of a telephone": lambda: b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(99),
    "video": lambda: b"\0\0\0\x20ftypisom\0\0\2\0isomiso2avc1mp41" + bytes(99),
    "DICOM": lambda: bytes(128) + b"DICM\2\0\0\0UL\4\0" + bytes(99),
    "zip of the picture": lambda: zipped("a.jpg", jpeg()),
    "gzip of the picture": lambda: gzip.compress(jpeg()),
    "base64 of the picture": lambda: base64.b64encode(jpeg()),
    "array of numpy": lambda: b"\x93NUMPY\1\0" + bytes(200),
    "pickle": lambda: b"\x80\4\x95\x1d\0\0\0\0\0\0\0\x8c\5posix\x94\x8c\6system\x94\x93\x94.",
    "program": lambda: b"\x7fELF\2\1\1" + bytes(200),
    "zeros": lambda: bytes(5000),
    "noise": lambda: np.random.default_rng(3).bytes(5000),
}

BOMBS = {
    "PNG that claims 2.5 gigapixels": (lambda: png(idat(), width=50_000, height=50_000)),
    "PNG one row above the cap": (lambda: png(idat(), width=1000, height=1001)),
    "PNG of a gigapixel in ten kilobytes": (
        lambda: png(chunk(b"IDAT", zeros()), width=32_000, height=32_000)
    ),
    "JPEG that claims four gigapixels": lambda: frame_header(at=5, new=b"\xff\xff\xff\xff"),
    "TIFF that claims a gigapixel": (
        lambda: tiff({256: (4, 1, 32_000), 257: (4, 1, 32_000), 259: (3, 1, 8)}, zeros())
    ),
    "WebP with a small frame on a huge canvas": lambda: webp_canvas(16_383, 16_383),
    "BMP that claims a gigapixel": lambda: bmp(bytes(999), width=32_000, height=32_000),
    "BMP of runs that claims a gigapixel": (
        lambda: bmp(b"\0\2\xff\xff" * 9, width=32_000, height=32_000, rle=1)
    ),
}

COSTLY = {
    "PNG with a bomb as text": (lambda: png(chunk(b"zTXt", b"k\0\0" + zeros()), idat()), DAMAGED),
    "PNG with a bomb as international text": (
        lambda: png(chunk(b"iTXt", b"k\0\1\0\0\0" + zeros()), idat()),
        DAMAGED,
    ),
    "PNG with a bomb as colour profile": (
        lambda: png(chunk(b"iCCP", b"k\0\0" + zeros()), idat()),
        DAMAGED,
    ),
    "PNG with a bomb behind its pixels": (
        lambda: png(idat(), chunk(b"zTXt", b"k\0\0" + zeros())),
        DAMAGED,
    ),
    "PNG with a hundred texts of a megabyte": (
        lambda: png(*[chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(2**20)))] * 100, idat()),
        DAMAGED,
    ),
    "PNG with more pixels than it claims, all black": (
        lambda: png(chunk(b"IDAT", zeros())),
        UNIFORM,
    ),
    "JPEG of a thousand scans": (lambda: scans(1000), TOO_MANY_SCANS),
    "two pictures in one JPEG, of a thousand scans": (
        lambda: scans(1000, "MPO", save_all=True, append_images=[picture(1)]),
        TOO_MANY_SCANS,
    ),
    "TIFF whose tags share their megabytes": (
        lambda: tiff(dict.fromkeys(range(1000, 1030), (1, 200000, 8)), bytes(200_000)),
        UNIFORM,
    ),
    "TIFF of twenty thousand tags": (
        lambda: (
            b"II*\0\x08\0\0\0"
            + struct.pack("<H", 20_000)
            + b"".join(struct.pack("<HHII", tag, 3, 1, 1) for tag in range(1000, 21_000))
        ),
        DAMAGED,
    ),
    "TIFF with a tile of a gigabyte": (
        lambda: tiff(
            {
                322: (4, 1, 30_000), 323: (4, 1, 30_000), 324: (4, 1, 512), 325: (4, 1, 900),
                259: (3, 1, 8),
            },
            zeros()[:900],
        ),
        DAMAGED,
    ),
    "file above the cap of bytes": (lambda: sound_png() + bytes(MAX_BYTES), TOO_MANY_BYTES),
    "empty file": (lambda: b"", EMPTY),
}  # fmt: skip

NOTHING_TO_SEE = {
    "uniform": (lambda: encode(Image.new("RGB", (WIDTH, HEIGHT), "tan")), UNIFORM),
    "black": (lambda: encode(Image.new("L", (WIDTH, HEIGHT))), TOO_DARK_OR_BRIGHT),
    "white": (lambda: encode(Image.new("1", (WIDTH, HEIGHT), 1)), TOO_DARK_OR_BRIGHT),
    "lens cap on": (lambda: encode(dim()), TOO_DARK_OR_BRIGHT),
    "one hot pixel": (lambda: encode(dotted()), UNIFORM),
    "transparent all over": (
        lambda: encode(Image.new("RGBA", (WIDTH, HEIGHT), (90, 30, 20, 0))),
        UNIFORM,
    ),
    "animation that begins black": (
        lambda: encode(
            Image.new("RGB", (WIDTH, HEIGHT)), "WEBP", save_all=True, append_images=[picture()]
        ),
        UNIFORM,
    ),
    "thumbnail": (lambda: encode(picture(0, 40, 30)), TOO_SMALL),
    "single pixel": (lambda: encode(Image.new("RGB", (1, 1), "tan")), TOO_SMALL),
    "banner": (lambda: encode(picture(0, 200, 90)), TOO_LONG),
    "column": (lambda: encode(picture(0, 90, 200)), TOO_LONG),
    "banner that EXIF stands upright": (
        lambda: encode(picture(0, 200, 90), "JPEG", exif=turned(6)),
        TOO_LONG,
    ),
    "mask": (lambda: encode(lesion_mask().convert("1")), TWO_VALUES),
    "mask, JPEG": (lambda: encode(lesion_mask().convert("L"), "JPEG", quality=60), TWO_VALUES),
    "mask in colours": (lambda: encode(lesion_mask("navy", "tan")), TWO_VALUES),
    "hair of a pixel's width": (lambda: encode(Image.new("RGB", (1, 5000), "tan")), TOO_LONG),
}

CASES = [
    *(Case(name, make, NO_IMAGE) for name, make in OTHER_FILES.items()),
    *(Case(name, make, TOO_MANY_PIXELS) for name, make in BOMBS.items()),
    *(
        Case(name, make, reason)
        for table in (DAMAGED_FILES, COSTLY, NOTHING_TO_SEE)
        for name, (make, reason) in table.items()
    ),
]
