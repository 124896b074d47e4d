"""Image files that were cut, garbled on their way, or say what cannot be."""

import zlib

from PIL import Image

from hostile.pictures import (
    bmp,
    chunk,
    encode,
    frame_header,
    idat,
    jpeg,
    patched,
    picture,
    png,
    sound_png,
    tiff,
    without,
)
from hostile.stages import HEIGHT, MAX_BYTES, MAX_PIXELS, WIDTH

NO_IMAGE = "image cannot be read (not a JPEG, PNG, BMP, TIFF or WebP image"
DAMAGED = "image cannot be read (damaged or truncated image)"
TOO_MANY_PIXELS = f"image cannot be read (image larger than {MAX_PIXELS} pixels)"
TOO_MANY_BYTES = f"image cannot be read (file larger than {MAX_BYTES} bytes)"
TOO_MANY_SCANS = "image cannot be read (JPEG of more than 100 scans)"
EMPTY = "image cannot be read (empty file)"
DEEP = "image cannot be read (32-bit pixels have no known range)"

DAMAGED_FILES = {
    "JPEG cut in its header": (lambda: jpeg()[:100], DAMAGED),
    "JPEG cut in its pixels": (lambda: jpeg()[: len(jpeg()) * 2 // 3], DAMAGED),
    "JPEG without its last byte": (lambda: jpeg()[:-1], DAMAGED),
    "progressive JPEG cut between scans": (
        lambda: encode(picture(), "JPEG", progressive=True)[:-300],
        DAMAGED,
    ),
    "JPEG of start and end alone": (lambda: b"\xff\xd8\xff\xd9", DAMAGED),
    "JPEG without its first bytes": (lambda: jpeg()[20:], NO_IMAGE),
    "JPEG sent as text": (lambda: jpeg().replace(b"\n", b"\r\n").replace(b"\0", b""), DAMAGED),
    "JPEG read and written as UTF-8": (
        lambda: jpeg().decode("utf-8", "replace").encode(),
        NO_IMAGE,
    ),
    "JPEG without quantisation tables": (
        lambda: without(jpeg(), b"\xff\xdb"),
        DAMAGED,
    ),
    "JPEG with 12 bits": (lambda: frame_header(at=4, new=b"\x0c"), DAMAGED),
    "JPEG without height": (lambda: frame_header(at=5, new=b"\0\0"), DAMAGED),
    "JPEG of seven channels": (lambda: frame_header(at=9, new=b"\7"), DAMAGED),
    "JPEG with a segment longer than the file": (
        lambda: patched(jpeg(), 4, b"\xff\xff"),
        DAMAGED,
    ),
    "lossless JPEG": (lambda: frame_header(at=1, new=b"\xc3"), DAMAGED),
    "PNG cut in its pixels": (lambda: sound_png()[:-200], DAMAGED),
    "PNG cut in its header": (lambda: sound_png()[:20], DAMAGED),
    "PNG sent as text": (lambda: sound_png().replace(b"\r\n", b"\n"), NO_IMAGE),
    "PNG with a wrong checksum in its header": (lambda: patched(sound_png(), 29, b"XXXX"), DAMAGED),
    "PNG with a wrong checksum in its pixels": (
        lambda: png(chunk(b"IDAT", zlib.compress(bytes(9)), checksum=1)),
        DAMAGED,
    ),
    "PNG without pixels": (lambda: png(), DAMAGED),
    "PNG with too few pixels": (lambda: png(chunk(b"IDAT", zlib.compress(bytes(99)))), DAMAGED),
    "PNG whose pixels are no zlib": (lambda: png(chunk(b"IDAT", b"pixels" * 50)), DAMAGED),
    "PNG of no width": (lambda: png(idat(), width=0), DAMAGED),
    "PNG of negative height": (lambda: png(idat(), height=2**32 - 64), TOO_MANY_PIXELS),
    "PNG of an unknown colour type": (lambda: png(idat(), colour=5), DAMAGED),
    "PNG of an unknown filter": (
        lambda: png(chunk(b"IDAT", zlib.compress(bytes([9]) * (WIDTH * 3 + 1) * HEIGHT))),
        DAMAGED,
    ),
    "TIFF cut in its pixels": (lambda: encode(picture(), "TIFF")[:-500], DAMAGED),
    "TIFF whose directory lies behind its end": (lambda: b"II*\0\xff\xff\xff\x7f", DAMAGED),
    "TIFF without entries": (lambda: b"II*\0\x08\0\0\0\0\0\0\0\0\0", DAMAGED),
    "TIFF whose strip lies behind its end": (
        lambda: tiff({273: (4, 1, 2**31)}, bytes(WIDTH * HEIGHT)),
        DAMAGED,
    ),
    "TIFF of an unknown compression": (
        lambda: tiff({259: (3, 1, 4711)}, bytes(WIDTH * HEIGHT)),
        DAMAGED,
    ),
    "TIFF of a thousand channels": (
        lambda: tiff({277: (3, 1, 1000)}, bytes(WIDTH * HEIGHT)),
        DAMAGED,
    ),
    "TIFF without width": (lambda: tiff({256: (4, 1, 0)}, bytes(WIDTH * HEIGHT)), DAMAGED),
    "TIFF of float pixels": (lambda: encode(Image.new("F", (WIDTH, HEIGHT), 0.5), "TIFF"), DEEP),
    "TIFF of 32-bit pixels": (lambda: encode(Image.new("I", (WIDTH, HEIGHT), 9), "TIFF"), DEEP),
    "WebP cut in its pixels": (lambda: encode(picture(), "WEBP")[:-60], DAMAGED),
    "WebP whose pixels are noise": (
        lambda: patched(encode(picture(), "WEBP", lossless=True), 30, b"\xa5" * 90),
        DAMAGED,
    ),
    "BMP cut in its pixels": (lambda: encode(picture(), "BMP")[:-500], DAMAGED),
    "BMP of negative width": (lambda: bmp(bytes(9999), width=-WIDTH), TOO_MANY_PIXELS),
    "BMP of no bits": (lambda: bmp(bytes(9999), bits=0), DAMAGED),
    "BMP of an unknown compression": (lambda: bmp(bytes(9999), rle=77), DAMAGED),
    "BMP whose runs end early": (lambda: bmp(b"\5\7" * 20, rle=1), DAMAGED),
    "BMP whose runs leave its rows": (lambda: bmp(b"\xff\7" * 9, rle=1), DAMAGED),
}
