"""Features of whole pictures, found at one fixed size, and how they are stored.

They are kept in an image store (``dermaflow.data.images.image_store``) whose pixels are records of
features (``Keypoints.pack``), found again by the hash of the picture's encoded bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from PIL import Image

from dermaflow.data.duplicates.keypoints import FEATURES_VERSION, RECORD, Keypoints, detect
from dermaflow.data.images.image_store import StoredImage
from dermaflow.data.images.pixel_modes import Pixels
from dermaflow.data.images.preprocess import Preprocess
from dermaflow.data.images.previous_store import NOTHING_KNOWN, KnownImages
from dermaflow.errors import SourceError


def features_recipe(preprocess: Preprocess, count: int) -> dict[str, Any]:
    """All that decides a picture's features but its encoded bytes; JSON-ready."""
    return {
        "kind": "features",
        "features": FEATURES_VERSION,
        "keypoints": count,
        "opencv": cv2.__version__,
        **preprocess.recipe(),
    }


def record_shape(count: int) -> tuple[int, int, int]:
    """Of what the store holds of each picture."""
    return count, RECORD, 1


def describe_file(
    image_id: str,
    sha256: str,
    read: Callable[[], bytes],
    preprocess: Preprocess,
    count: int,
    known: KnownImages = NOTHING_KNOWN,
) -> StoredImage:
    """Find the features of an image that can be decoded.

    Args:
        image_id, sha256: of the image and its encoded bytes.
        read: gives these bytes; it is called unless the features are known.
        preprocess: its size is the one at which features are looked for.
        count: features at most.
        known: those of an earlier run, of the same recipe.

    Returns:
        The record, uint8 (count, 136, 1), with the info ``sha256`` and ``features``, the number of
        features.

    Raises:
        SourceError: the file has been changed since it was hashed.
    """
    found = known.find(sha256)
    if found:
        return StoredImage(image_id, *found)
    encoded = read()
    if hashlib.sha256(encoded).hexdigest() != sha256:
        raise SourceError(
            f"the file of image {image_id} changed while it was read; run ingest again"
        )
    keypoints = detect(np.array(preprocess.fit(preprocess.open(encoded))), count)
    info = {"sha256": sha256, "features": len(keypoints)}
    return StoredImage(image_id, keypoints.pack(count)[..., None], info)


def describe_pixels(pixels: Pixels, side: int, count: int) -> Keypoints:
    """Find the features of a picture whose file there is none of.

    Args:
        pixels: RGB, uint8 (H, W, 3).
        side: to which the longer side is scaled first, in pixels.
        count: features at most.
    """
    height, width = pixels.shape[:2]
    scale = side / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    scaled = Image.fromarray(pixels).resize(size, Image.Resampling.BILINEAR)
    return detect(np.array(scaled), count)
