"""From encoded bytes to stored pixels, without torch."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from dermaflow.data.images.image_store import StoredImage
from dermaflow.data.images.pixel_modes import ImageError, Pixels
from dermaflow.data.images.preprocess import Preprocess
from dermaflow.data.images.previous_store import NOTHING_KNOWN, KnownImages
from dermaflow.schema import DECODE_COLUMNS

# 256 greys to the power of 0, 1 and 2.
_POWERS = np.stack([np.arange(256) ** power for power in range(3)])

_NEAR = 2  # levels of grey that a lossy format may add
_AROUND = np.ones(2 * _NEAR + 1, np.int64)

# By how much a mask's proportions may differ from its image's: it may be scaled, to whole pixels.
_PROPORTIONS = 0.02


def decode_image(
    image_id: str,
    read: Callable[[], bytes],
    preprocess: Preprocess,
    known: KnownImages = NOTHING_KNOWN,
) -> StoredImage:
    """Read and decode one image; what fails is told in ``info["error"]`` and has no pixels.

    Args:
        known: images with the same bytes as one of these are not decoded again.

    Returns:
        Pixels uint8 (H, W, 3) with the info ``sha256`` of the encoded bytes, ``width`` and
        ``height`` of the upright original in pixels, those of ``Greys`` of the stored pixels, and
        ``error``.
    """

    def decode(encoded: bytes) -> tuple[Pixels, dict[str, Any]]:
        picture = preprocess.open(encoded)
        scaled = preprocess.resize(picture)
        width, height = picture.size
        return np.array(scaled), {
            "width": float(width),  # as in an index in which some have none
            "height": float(height),
            **grey_statistics(scaled)._asdict(),
        }

    return _decode(image_id, read, decode, DECODE_COLUMNS, known)


def decode_mask(
    image_id: str,
    read: Callable[[], bytes | None],
    preprocess: Preprocess,
    known: KnownImages = NOTHING_KNOWN,
    size: tuple[float, float] | None = None,
) -> StoredImage:
    """Read and decode one lesion mask; it has no pixels where there is none or it fails.

    Args:
        image_id: of the image.
        read: gives the encoded mask, or None where there is none.
        preprocess: the image's own.
        known: masks with the same bytes as one of these are not decoded again.
        size: width and height of the image, whose proportions the mask must have; None where they
            are not known.

    Returns:
        Pixels uint8 (H, W, 1), 0 or 255, with the info ``sha256`` of the encoded bytes, ``width``
        and ``height`` of the upright original in pixels, ``mask_area``, the share of pixels inside,
        and ``error``.
    """

    def decode(encoded: bytes) -> tuple[Pixels, dict[str, Any]]:
        mask = preprocess.open_mask(encoded)
        pixels = preprocess.resize_mask(mask)
        return pixels, {
            "width": float(mask.size[0]),
            "height": float(mask.size[1]),
            "mask_area": np.count_nonzero(pixels) / pixels.size,
        }

    columns = ("sha256", "width", "height", "mask_area", "error")
    mask = _decode(image_id, read, decode, columns, known)
    own = (mask.info["width"], mask.info["height"])
    if mask.info["width"] is None or size is None or _is_scaled(own, size):
        return mask
    reason = (
        f"its proportions, {own[0]:.0f} x {own[1]:.0f}, are not those of its image, "
        f"{size[0]:.0f} x {size[1]:.0f}"
    )
    return StoredImage(image_id, None, mask.info | {"mask_area": None, "error": reason})


def _is_scaled(size: tuple[float, float], original: tuple[float, float]) -> bool:
    """Whether one size is the other scaled, as nearly as whole pixels allow."""
    one, other = size[0] * original[1], size[1] * original[0]
    return abs(one - other) <= _PROPORTIONS * max(one, other)


def _decode(
    image_id: str,
    read: Callable[[], bytes | None],
    decode: Callable[[bytes], tuple[Pixels, dict[str, Any]]],
    columns: tuple[str, ...],
    known: KnownImages,
) -> StoredImage:
    """Read and hash a picture in any case, and decode it unless it is known."""
    info: dict[str, Any] = dict.fromkeys(columns)
    try:
        encoded = read()
        if encoded is None:
            return StoredImage(image_id, None, info)
        info["sha256"] = hashlib.sha256(encoded).hexdigest()
        pixels, found = known.find(info["sha256"]) or decode(encoded)
    except (OSError, ImageError) as error:
        return StoredImage(image_id, None, info | {"error": _explain(error)})
    return StoredImage(image_id, pixels, info | found)


class Greys(NamedTuple):
    """What an RGB image's luma (BT.601), in whole greys 0–255, tells.

    Attributes:
        brightness: its mean.
        contrast: its standard deviation.
        two_greys: share of the pixels that are of the two commonest greys, 0–1. It is near 1 for a
            lesion mask among the images: of HAM10000's masks at 160 x 120 none has less than 0.95,
            of its images none more than 0.83. A grey stands for those two levels away, too.
    """

    brightness: float
    contrast: float
    two_greys: float


def grey_statistics(image: Image.Image) -> Greys:
    """See ``Greys``."""
    counts = np.array(image.convert("L").histogram())
    # Whole numbers, so that the sums are the same on every machine.
    count, total, squares = map(int, _POWERS @ counts)
    contrast = math.sqrt(count * squares - total * total) / count
    around = np.convolve(counts, _AROUND, "valid")
    first = int(around.argmax())
    most = int(around[first])
    around[max(0, first - 2 * _NEAR) : first + 2 * _NEAR + 1] = 0
    return Greys(total / count, contrast, (most + int(around.max())) / count)


def _explain(error: OSError | ImageError) -> str:
    """Text without the number and the path that the system adds to its own errors."""
    return getattr(error, "strerror", None) or str(error)
