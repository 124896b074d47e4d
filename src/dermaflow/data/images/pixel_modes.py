"""Pixels: from the many modes of image files to RGB, and to the two values of a mask."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]


class ImageError(ValueError):
    """The bytes are no image that may be decoded; the text says why and holds none of the input."""


def _is_deep(image: Image.Image) -> bool:
    """Whether it has more than 8 bits a channel, of which Pillow's ``convert`` clips the upper."""
    return image.mode.startswith("I;16")


def to_binary(image: Image.Image) -> Image.Image:
    """White where the image exceeds half of its largest value, else black."""
    if _is_deep(image) or image.mode in ("I", "F"):  # 32 bits, which Pillow would clip to 8
        grey = np.asarray(image)
        return Image.fromarray((grey > grey.max() / 2).astype(np.uint8) * 255)
    if image.mode == "1":
        return image.convert("L")
    # From RGB every mode has a way to grey.
    grey_image = image if image.mode == "L" else image.convert("RGB").convert("L")
    _, brightest = grey_image.getextrema()
    return grey_image.point(halves(brightest))


@cache
def halves(brightest: int) -> list[int]:
    """For each of 256 greys 255, if it exceeds half of the brightest, else 0; for ``point``."""
    return [255 * (2 * value > brightest) for value in range(256)]


def to_rgb(image: Image.Image) -> Image.Image:
    """Eight bits a channel: the high ones of 16, and white where the image is transparent.

    Raises:
        ImageError: the pixels have no known range.
    """
    if image.mode in ("I", "F"):
        raise ImageError("32-bit pixels have no known range")
    if _is_deep(image):
        image = Image.fromarray((np.asarray(image) / 257 + 0.5).astype(np.uint8))
    if image.has_transparency_data:
        opaque = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(opaque, image.convert("RGBA"))
    return image if image.mode == "RGB" else image.convert("RGB")
