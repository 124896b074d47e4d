"""Local features by which two pictures of one lesion are recognised.

SIFT (Lowe 2004, doi:10.1023/B:VISI.0000029664.99615.94) keeps through rotation, zoom and changes of
light. Its descriptors are kept as RootSIFT (Arandjelović & Zisserman 2012,
doi:10.1109/CVPR.2012.6248018). A mirrored picture has the same features with the parts of each
descriptor in another order, so that it need not be looked at again.

All numbers are whole, so that what is computed from them is the same on every processor.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from dermaflow.data.images.opencv import settle_opencv

Bytes = NDArray[np.uint8]
Whole = NDArray[np.int64]

LENGTH = 128  # of a descriptor: 4 x 4 cells of 8 directions
UNIT = 16  # parts of a pixel in which places and sizes are told
TURN = 256  # parts of a full turn in which angles are told

# Bytes of a feature in a record: the descriptor, and x, y, size and angle of 16 bits each.
RECORD = LENGTH + 8

# To be raised with every change of this module or of `describe` that changes a feature: features
# of an earlier run are taken over only where this is equal.
FEATURES_VERSION = 1

# Lesions are soft: with OpenCV's own thresholds many a naevus has no feature at all.
_CONTRAST_THRESHOLD = 0.01
_EDGE_THRESHOLD = 15

# Cells and directions of a descriptor, seen in a mirror along the feature's own direction.
_MIRROR = (
    np.arange(LENGTH).reshape(4, 4, 8)[::-1, :, (8 - np.arange(8)) % 8].ravel().astype(np.intp)
)


@dataclass(frozen=True)
class Keypoints:
    """Features of one picture, the strongest first.

    Attributes:
        points: int64 (N, 2), x and y in sixteenths of a pixel.
        sizes: int64 (N,), diameters in sixteenths of a pixel.
        angles: int64 (N,), 0 … 255, in 256ths of a turn.
        descriptors: uint8 (N, 128), 255 times RootSIFT, whose length is 1.
    """

    points: Whole
    sizes: Whole
    angles: Whole
    descriptors: Bytes

    def __len__(self) -> int:
        return len(self.points)

    def mirrored(self) -> Keypoints:
        """Features of the picture seen in a mirror; x runs to the left of the edge."""
        return Keypoints(
            self.points * np.array([-1, 1]),
            self.sizes,
            (TURN // 2 - self.angles) % TURN,
            self.descriptors[:, _MIRROR],
        )

    def pack(self, count: int) -> Bytes:
        """A record of fixed size, uint8 (count, 136); rows beyond the features are zeros."""
        record = np.zeros((count, RECORD), np.uint8)
        numbers = np.column_stack([self.points, self.sizes, self.angles]).astype("<u2")
        record[: len(self), :LENGTH] = self.descriptors
        record[: len(self), LENGTH:] = numbers.view(np.uint8)
        return record

    @classmethod
    def unpack(cls, record: Bytes, count: int) -> Keypoints:
        """The first ``count`` features of a record."""
        used = np.ascontiguousarray(record[:count])
        numbers = np.ascontiguousarray(used[:, LENGTH:]).view("<u2").astype(np.int64)
        return cls(numbers[:, :2], numbers[:, 2], numbers[:, 3], used[:, :LENGTH])


def detect(pixels: Bytes, count: int) -> Keypoints:
    """The strongest features of a picture.

    Args:
        pixels: RGB, uint8 (H, W, 3), neither side above 4,095.
        count: how many at most.
    """
    settle_opencv()
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    # Evens out light, and brings out structure where a lesion is pale.
    grey = cv2.createCLAHE(clipLimit=2.0, tileGridSize=(8, 8)).apply(grey)
    sift = cv2.SIFT.create(
        nfeatures=count, contrastThreshold=_CONTRAST_THRESHOLD, edgeThreshold=_EDGE_THRESHOLD
    )
    found, descriptors = sift.detectAndCompute(grey, None)
    # OpenCV may give one more than asked for, and in no fixed order of equals.
    keys = [(-point.response, *point.pt, point.angle) for point in found]
    order = sorted(range(len(found)), key=keys.__getitem__)[:count]
    told = np.array(
        [[*found[i].pt, found[i].size, found[i].angle] for i in order], np.float64
    ).reshape(-1, 4)
    scaled = np.rint(told * [UNIT, UNIT, UNIT, TURN / 360]).astype(np.int64)
    rooted = root_sift(descriptors[order] if order else np.zeros((0, LENGTH)))
    return Keypoints(np.maximum(scaled[:, :2], 0), scaled[:, 2], scaled[:, 3] % TURN, rooted)


def root_sift(descriptors: NDArray[np.generic]) -> Bytes:
    """Descriptors whose products are Hellinger's kernel, times 255², uint8 (N, 128).

    Args:
        descriptors: as SIFT gives them, whole numbers (N, 128).
    """
    values = descriptors.astype(np.int64)
    shares = values / np.maximum(values.sum(axis=1, keepdims=True), 1)
    rooted: Bytes = np.rint(255 * np.sqrt(shares)).astype(np.uint8)
    return rooted
