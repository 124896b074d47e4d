"""From encoded bytes to stored pixels, without torch."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image

from dermaflow.ml.image_store import Pixels, StoredImage
from dermaflow.ml.old_store import NO_STORE, OldStore
from dermaflow.ml.preprocess import ImageError, Preprocess

# 256 greys to the power of 0, 1 and 2.
_POWERS = [np.arange(256) ** power for power in range(3)]


def decode_image(
    image_id: str,
    read: Callable[[], bytes],
    preprocess: Preprocess,
    old: OldStore = NO_STORE,
) -> StoredImage:
    """Read and decode one image; what fails is told in ``info["error"]`` and has no pixels.

    Args:
        old: where an image with the same bytes is not decoded again.

    Returns:
        Pixels uint8 (H, W, 3) with the info ``sha256`` of the encoded bytes, ``width`` and
        ``height`` of the upright original in pixels, ``brightness`` and ``contrast`` (see
        ``grey_statistics``) and ``error``.
    """

    def decode(encoded: bytes) -> tuple[Pixels, dict[str, Any]]:
        picture = preprocess.open(encoded)
        scaled = preprocess.resize(picture)
        width, height = picture.size
        brightness, contrast = grey_statistics(scaled)
        return np.array(scaled), {
            "width": float(width),  # as in an index in which some have none
            "height": float(height),
            "brightness": brightness,
            "contrast": contrast,
        }

    columns = ("sha256", "width", "height", "brightness", "contrast", "error")
    return _decode(image_id, read, decode, columns, old)


def decode_mask(
    image_id: str,
    read: Callable[[], bytes | None],
    preprocess: Preprocess,
    old: OldStore = NO_STORE,
) -> StoredImage:
    """Read and decode one lesion mask; it has no pixels where there is none or it fails.

    Returns:
        Pixels uint8 (H, W, 1), 0 or 255, with the info ``sha256`` of the encoded bytes,
        ``mask_area``, the share of pixels inside, and ``error``.
    """

    def decode(encoded: bytes) -> tuple[Pixels, dict[str, Any]]:
        pixels = preprocess.decode_mask(encoded)
        return pixels, {"mask_area": np.count_nonzero(pixels) / pixels.size}

    return _decode(image_id, read, decode, ("sha256", "mask_area", "error"), old)


def _decode(
    image_id: str,
    read: Callable[[], bytes | None],
    decode: Callable[[bytes], tuple[Pixels, dict[str, Any]]],
    columns: tuple[str, ...],
    old: OldStore,
) -> StoredImage:
    """Read and hash a picture in any case, and decode it unless ``old`` has it."""
    info: dict[str, Any] = dict.fromkeys(columns)
    try:
        encoded = read()
        if encoded is None:
            return StoredImage(image_id, None, info)
        info["sha256"] = hashlib.sha256(encoded).hexdigest()
        row = old.find(info["sha256"])
        if row is not None:
            return StoredImage(image_id, None, old.info(row), row)
        pixels, found = decode(encoded)
    except (OSError, ImageError) as error:
        return StoredImage(image_id, None, info | {"error": _explain(error)})
    return StoredImage(image_id, pixels, info | found)


def grey_statistics(image: Image.Image) -> tuple[float, float]:
    """Mean and standard deviation, 0–255, of an RGB image's luma (BT.601) in whole greys."""
    counts = np.array(image.convert("L").histogram())
    # Whole numbers, so that the sums are the same on every machine.
    count, total, squares = (int(counts @ powers) for powers in _POWERS)
    return total / count, math.sqrt(count * squares - total * total) / count


def _explain(error: OSError | ImageError) -> str:
    """Text without the number and the path that the system adds to its own errors."""
    return getattr(error, "strerror", None) or str(error)
