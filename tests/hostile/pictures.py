"""Sound pictures, and the bytes that hostile ones are made of."""

import io
import struct
import zlib
from functools import cache

import numpy as np
from PIL import Image

from hostile.stages import HEIGHT, WIDTH


def pixels(seed: int = 0, width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    """A mosaic of 8 x 8 colours, uint8 (H, W, 3), of middling brightness."""
    colours = np.random.default_rng(seed).integers(40, 216, (-(-height // 8), -(-width // 8), 3))
    mosaic = np.kron(colours, np.ones((8, 8, 1)))
    return mosaic[:height, :width].astype(np.uint8)


def picture(seed: int = 0, width: int = WIDTH, height: int = HEIGHT) -> Image.Image:
    """``pixels`` as an RGB image."""
    return Image.fromarray(pixels(seed, width, height))


def encode(image: Image.Image, format: str = "PNG", **options) -> bytes:
    """An image as a file's bytes."""
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def turned(orientation: int) -> Image.Exif:
    """EXIF that says how the camera was held."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


def chunk(kind: bytes, data: bytes, checksum: int | None = None) -> bytes:
    """A PNG's chunk, with its right checksum unless another is given."""
    right = zlib.crc32(kind + data)
    return (
        struct.pack(">I", len(data))
        + kind
        + data
        + struct.pack(">I", right if checksum is None else checksum)
    )


def png(
    *chunks: bytes, width: int = WIDTH, height: int = HEIGHT, depth: int = 8, colour: int = 2
) -> bytes:
    """A PNG of a header and the given chunks."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join([chunk(b"IHDR", header), *chunks, chunk(b"IEND", b"")])


def idat(seed: int = 0) -> bytes:
    """The chunk that holds ``pixels``."""
    rows = b"".join(b"\0" + row.tobytes() for row in pixels(seed))
    return chunk(b"IDAT", zlib.compress(rows))


def tiff(tags: dict[int, tuple[int, int, int]], data: bytes = b"", following: int = 0) -> bytes:
    """A little-endian TIFF: tag -> (type, count, value), then ``data``, which begins at 512."""
    entries = b"".join(
        struct.pack("<HHII", tag, *entry) for tag, entry in sorted((GREY_TIFF | tags).items())
    )
    directory = struct.pack("<H", len(GREY_TIFF | tags)) + entries + struct.pack("<I", following)
    return (b"II*\0" + struct.pack("<I", 8) + directory).ljust(512, b"\0") + data


# Grey, 96 x 64, 8 bits, uncompressed, one strip at byte 512.
GREY_TIFF = {
    256: (4, 1, WIDTH),
    257: (4, 1, HEIGHT),
    258: (3, 1, 8),
    259: (3, 1, 1),
    262: (3, 1, 1),
    273: (4, 1, 512),
    277: (3, 1, 1),
    278: (4, 1, HEIGHT),
    279: (4, 1, WIDTH * HEIGHT),
}


def bmp(
    body: bytes, width: int = WIDTH, height: int = HEIGHT, bits: int = 8, rle: int = 0
) -> bytes:
    """A BMP with a palette of 256 colours and a body as it stands."""
    start = 14 + 40 + 1024
    header = struct.pack("<IHHI", start + len(body), 0, 0, start)
    info = struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, rle, len(body), 0, 0, 256, 0)
    return b"BM" + header + info + bytes(1024) + body


def webp_canvas(width: int, height: int) -> bytes:
    """An animated WebP with one small frame on a canvas of the given size."""
    frame = encode(picture(), "WEBP", lossless=True)[12:]

    def three(value: int) -> bytes:
        return struct.pack("<I", value)[:3]

    place = bytes(6) + three(WIDTH - 1) + three(HEIGHT - 1) + bytes(4)
    body = (
        b"WEBPVP8X" + struct.pack("<I", 10) + bytes([2, 0, 0, 0]) + three(width - 1)
        + three(height - 1) + b"ANIM" + struct.pack("<I", 6) + bytes(6)
        + b"ANMF" + struct.pack("<I", 16 + len(frame)) + place + frame
    )  # fmt: skip
    return b"RIFF" + struct.pack("<I", len(body)) + body


def scans(count: int, format: str = "JPEG", **options) -> bytes:
    """A progressive JPEG, or several in one, that sends a scan over and over."""
    encoded = encode(picture(), format, progressive=True, **options)
    end = encoded.index(b"\xff\xd9")
    last = encoded[encoded.rindex(b"\xff\xda", 0, end) : end]
    return encoded[:end] + last * count + encoded[end:]


@cache
def jpeg() -> bytes:
    return encode(picture(), "JPEG")


@cache
def sound_png() -> bytes:
    return encode(picture())


def without(content: bytes, start: bytes) -> bytes:
    """A JPEG without its segments of a kind."""
    while (at := content.find(start)) >= 0:
        length = int.from_bytes(content[at + 2 : at + 4], "big")
        content = content[:at] + content[at + 2 + length :]
    return content


def patched(content: bytes, at: int, new: bytes) -> bytes:
    return content[:at] + new + content[at + len(new) :]


def frame_header(*, at: int, new: bytes) -> bytes:
    """A JPEG whose start of frame is changed, counted from its marker."""
    return patched(jpeg(), jpeg().index(b"\xff\xc0") + at, new)
