"""What a picture looks like, in a few numbers, without a network.

All of it is of the stored pixels, so it depends on the size they are stored at.
"""

from __future__ import annotations

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dermaflow.data.images.image_store import ImageStore
from dermaflow.data.images.opencv import settle_opencv
from dermaflow.data.images.pixel_modes import Pixels
from dermaflow.io.progress import Progress
from dermaflow.io.threads import map_in_threads

# Numbers that `measure` tells of a picture.
APPEARANCE_COLUMNS = ("sharpness", "redness", "yellowness")

_BINS = 12  # of a histogram of L*, a* or b*
# L* is 0-100; of a* and b*, which may reach ±128, skin and what lies on it use these parts. What
# is outside counts for the outermost bin.
_RANGES = ((0.0, 100.0), (-20.0, 60.0), (-40.0, 50.0))
_GRID = 4  # cells a side
_ANGLES = 4  # orientations of a gradient, around 0°, 45°, 90° and 135°

EMBEDDING_LENGTH = 3 * _BINS + _GRID * _GRID * _ANGLES


def describe(store: ImageStore, image_ids: list[str]) -> tuple[pd.DataFrame, NDArray[np.float32]]:
    """Look at each picture.

    Returns:
        ``APPEARANCE_COLUMNS``, index ``image_id``, and float32 (N, EMBEDDING_LENGTH); both in the
        order of the ids.
    """
    settle_opencv()
    rows = store.rows(image_ids)

    def look(row: int) -> tuple[tuple[float, ...], NDArray[np.float32]]:
        pixels = store.take([row])[0]
        return measure(pixels), embed(pixels)

    seen = list(
        Progress(
            map_in_threads(look, rows.tolist()), "Looking at pictures", len(rows), unit="image"
        )
    )
    index = pd.Index(image_ids, name="image_id", dtype=object)
    numbers = pd.DataFrame([n for n, _ in seen], index, list(APPEARANCE_COLUMNS), dtype="float64")
    embeddings = np.zeros((len(seen), EMBEDDING_LENGTH), np.float32)
    for place, (_, embedding) in enumerate(seen):
        embeddings[place] = embedding
    return numbers, embeddings


def measure(pixels: Pixels) -> tuple[float, float, float]:
    """Sharpness and colour of a picture.

    Args:
        pixels: uint8 RGB (H, W, 3).

    Returns:
        Base-10 logarithm of 1 + the variance of the Laplacian of the grey values (a common measure
        of focus: Pech-Pacheco et al. 2000, doi:10.1109/ICPR.2000.903548), and the means of CIELAB's
        a* (from green to red) and b* (from blue to yellow).
    """
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    sharpness = np.log10(1 + cv2.Laplacian(grey, cv2.CV_32F).var())
    lab = _to_lab(pixels)
    return float(sharpness), float(lab[..., 1].mean()), float(lab[..., 2].mean())


def embed(pixels: Pixels) -> NDArray[np.float32]:
    """A vector of colour and texture.

    Colour: square roots of the shares of pixels in 12 equal bins of L* (0 to 100), of a* (-20 to
    60) and of b* (-40 to 50). Texture: L* is differentiated (Sobel, 3 x 3); each pixel's gradient
    length is added to the nearest of four orientations (0°, 45°, 90° and 135°, a direction and its
    opposite being the same) in its cell of a 4 x 4 grid; what counts is the logarithm of 1 + the
    mean over the cell.

    Args:
        pixels: uint8 RGB (H, W, 3), with at least four pixels a side.

    Returns:
        float32 (EMBEDDING_LENGTH,).
    """
    lab = _to_lab(pixels)
    colour = [_share(lab[..., channel], *_RANGES[channel]) for channel in range(3)]
    texture = np.log1p(_orient(np.ascontiguousarray(lab[..., 0])))
    return np.concatenate([*(np.sqrt(c) for c in colour), texture]).astype(np.float32)


def _to_lab(pixels: Pixels) -> NDArray[np.float32]:
    lab = cv2.cvtColor(pixels.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    return lab.astype(np.float32, copy=False)


def _share(values: NDArray[np.float32], low: float, high: float) -> NDArray[np.float64]:
    """Shares of values in equal bins, those outside in the outermost."""
    place = ((values.ravel() - low) * (_BINS / (high - low))).astype(np.int32)
    return np.bincount(place.clip(0, _BINS - 1), minlength=_BINS) / values.size


def _orient(lightness: NDArray[np.float32]) -> NDArray[np.float64]:
    """Mean gradient length by cell and orientation, flat."""
    length, angle = cv2.cartToPolar(
        cv2.Sobel(lightness, cv2.CV_32F, 1, 0), cv2.Sobel(lightness, cv2.CV_32F, 0, 1)
    )
    orientation = np.rint(angle * (_ANGLES / np.pi)).astype(np.int32) % _ANGLES
    height, width = lightness.shape
    row = np.arange(height) * _GRID // height
    column = np.arange(width) * _GRID // width
    cell = row[:, None] * _GRID + column
    size = np.bincount(cell.ravel(), minlength=_GRID * _GRID)
    sums = np.bincount(
        (cell * _ANGLES + orientation).ravel(), length.ravel(), _GRID * _GRID * _ANGLES
    )
    return np.asarray(sums / np.repeat(size, _ANGLES))
