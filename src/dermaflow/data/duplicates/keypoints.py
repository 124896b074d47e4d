"""Local features by which two pictures of one lesion are recognised.

SIFT (Lowe 2004, doi:10.1023/B:VISI.0000029664.99615.94) keeps through rotation, zoom and changes of
light. Its descriptors are compared as RootSIFT (Arandjelović & Zisserman 2012,
doi:10.1109/CVPR.2012.6248018). A mirrored picture has the same features with the parts of each
descriptor in another order, so that it need not be looked at again.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]

LENGTH = 128  # of a descriptor: 4 x 4 cells of 8 directions

# Lesions are soft: with OpenCV's own thresholds many a naevus has no feature at all.
_CONTRAST_THRESHOLD = 0.01
_EDGE_THRESHOLD = 15

# Cells and directions of a descriptor, seen in a mirror along the feature's own direction.
_MIRROR = (
    np.arange(LENGTH).reshape(4, 4, 8)[::-1, :, (8 - np.arange(8)) % 8].ravel().astype(np.intp)
)


@dataclass(frozen=True)
class Keypoints:
    """Features of one picture.

    Attributes:
        points: float32 (N, 2), x and y in pixels.
        descriptors: uint8 (N, 128), as SIFT gives them.
    """

    points: Floats
    descriptors: Bytes

    def __len__(self) -> int:
        return len(self.points)

    def mirrored(self) -> Keypoints:
        """Features of the picture seen in a mirror; x runs to the left of the edge."""
        return Keypoints(self.points * np.array([-1, 1], np.float32), self.descriptors[:, _MIRROR])


def detect(pixels: Bytes, count: int) -> Keypoints:
    """The strongest features of a picture.

    Args:
        pixels: RGB, uint8 (H, W, 3).
        count: how many at most.
    """
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    # Evens out light, and brings out structure where a lesion is pale.
    grey = cv2.createCLAHE(clipLimit=2.0, tileGridSize=(8, 8)).apply(grey)
    sift = cv2.SIFT.create(
        nfeatures=count, contrastThreshold=_CONTRAST_THRESHOLD, edgeThreshold=_EDGE_THRESHOLD
    )
    found, descriptors = sift.detectAndCompute(grey, None)
    if descriptors is None:
        return Keypoints(np.zeros((0, 2), np.float32), np.zeros((0, LENGTH), np.uint8))
    # OpenCV may give one more than asked for, and in no fixed order of equals.
    keys = [(-point.response, *point.pt, point.angle) for point in found]
    order = sorted(range(len(found)), key=keys.__getitem__)[:count]
    points = np.array([found[i].pt for i in order], np.float32)
    return Keypoints(points, descriptors[order].astype(np.uint8))


def root_sift(descriptors: Bytes) -> Floats:
    """Descriptors of unit length, float32 (N, 128), whose products are Hellinger's kernel."""
    values = descriptors.astype(np.float32)
    rooted: Floats = np.sqrt(values / np.maximum(values.sum(axis=1, keepdims=True), 1))
    return rooted
