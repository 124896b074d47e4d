"""Masks that cannot lie over their image, and oddities that can."""

import numpy as np
from PIL import Image

from hostile.cases import Case, Planted
from hostile.pictures import encode, idat, picture, png, scans, tiff, turned
from hostile.stages import HEIGHT, MAX_BYTES, MAX_PIXELS, WIDTH

UNUSABLE = "mask cannot be used, and its image counts as one without"
NO_IMAGE = "not a JPEG, PNG, BMP, TIFF or WebP image"
DAMAGED = "damaged or truncated image"


def inside(width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    """A lesion that is the mask's left quarter, bool (H, W)."""
    return np.tile(np.arange(width) < width // 4, (height, 1))


def mask(width: int = WIDTH, height: int = HEIGHT, white: int = 255, dtype: type = np.uint8):
    return Image.fromarray(inside(width, height).astype(dtype) * dtype(white))


def proportions(width: int, height: int) -> str:
    return f"its proportions, {width} x {height}, are not those of its image, {WIDTH} x {HEIGHT}"


CASES = [
    Case("empty", lambda: b"", "empty file"),
    Case(
        "web page",
        lambda: b"<html>404</html>",
        f"{NO_IMAGE}, but a web page",
    ),
    Case("GIF", lambda: encode(mask(), "GIF"), f"{NO_IMAGE}, but a GIF"),
    Case("cut short", lambda: encode(picture())[:300], DAMAGED),
    Case("turned by a quarter", lambda: encode(mask(HEIGHT, WIDTH)), proportions(64, 96)),
    Case("square", lambda: encode(mask(96, 96)), proportions(96, 96)),
    Case("of the lesion alone", lambda: encode(mask(40, 50)), proportions(40, 50)),
    Case("one pixel", lambda: encode(mask(1, 1)), proportions(1, 1)),
    Case(
        "laid down by EXIF",
        lambda: encode(mask(), "PNG", exif=turned(6)),
        proportions(64, 96),
    ),
    Case(
        "that claims a gigapixel",
        lambda: png(idat(), width=32_000, height=32_000),
        f"image larger than {MAX_PIXELS} pixels",
    ),
    Case(
        "above the cap of bytes",
        lambda: encode(mask()) + bytes(MAX_BYTES),
        f"file larger than {MAX_BYTES} bytes",
    ),
    Case("of a thousand scans", lambda: scans(1000), "JPEG of more than 100 scans"),
    Case("TIFF without pixels", lambda: tiff({273: (4, 1, 2**31)}), DAMAGED),
]

PLANTED = [
    Planted(
        "dangling", lambda path: path.symlink_to("nowhere.png"), "no such file inside the folder"
    ),
    Planted(
        "escaping",
        lambda path: path.symlink_to("/etc/passwd"),
        "a link that leads out of the folder; put the file in its place",
    ),
]

ACCEPTED = [
    Case("of ones", lambda: encode(mask(white=1))),
    Case("of 16 bits", lambda: encode(mask(white=65535, dtype=np.uint16))),
    Case("bilevel", lambda: encode(mask().convert("1"))),
    Case("of a palette", lambda: encode(mask().convert("P"))),
    Case("in colours", lambda: encode(mask().convert("RGB"))),
    Case("with alpha", lambda: encode(mask().convert("LA"))),
    Case("in CMYK", lambda: encode(mask().convert("CMYK"), "TIFF")),
    Case("in LAB", lambda: encode(lab_mask(), "TIFF")),
    Case("of float pixels", lambda: encode(mask(white=1, dtype=np.float32), "TIFF")),
    Case("twice as large", lambda: encode(mask(2 * WIDTH, 2 * HEIGHT))),
    Case("half as large", lambda: encode(mask(WIDTH // 2, HEIGHT // 2))),
    Case("stood up by EXIF", lambda: encode(laid_down(), "PNG", exif=turned(6))),
]


def lab_mask() -> Image.Image:
    """Lightness 255 inside and 0 outside, without colour."""
    grey = np.full((HEIGHT, WIDTH, 3), 128, np.uint8)
    grey[:, :, 0] = np.asarray(mask())
    return Image.frombytes("LAB", (WIDTH, HEIGHT), grey.tobytes())


def laid_down() -> Image.Image:
    """What a camera held upright would write."""
    return mask().transpose(Image.Transpose.ROTATE_90)
