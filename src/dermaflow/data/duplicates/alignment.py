"""Whether one picture can be laid over another by turning, shifting, zooming and mirroring."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from dermaflow.data.duplicates.keypoints import Keypoints, root_sift
from dermaflow.data.duplicates.match_threshold import FEWEST

# A feature counts as matched if the nearest in the other picture is that much nearer than the next
# (Lowe's ratio of distances), and each is the other's nearest.
_RATIO = 0.9
_TOLERANCE = 0.018  # of a picture's longer side, between where a feature is and where it should be
_ROUNDS = 1000
_ZOOM = (0.4, 2.5)


@dataclass(frozen=True)
class Alignment:
    """How one picture lies over another.

    Attributes:
        agreeing: features that lie where they should.
        zoom: of the second picture against the first.
        turn: in degrees.
        mirrored: whether the first is seen in a mirror.
    """

    agreeing: int
    zoom: float
    turn: float
    mirrored: bool


def align(first: Keypoints, second: Keypoints, side: int, mirrored: bool) -> Alignment | None:
    """Lay the first picture over the second by RANSAC on matched features.

    Args:
        first: features of one picture, already ``mirrored`` if it is to be.
        second: of the other.
        side: the longer side of the pictures, in pixels.
        mirrored: whether ``first`` is.

    Returns:
        None where no likely alignment is found.
    """
    pairs = _match(first, second)
    if len(pairs) < FEWEST:
        return None
    matrix, inliers = cv2.estimateAffinePartial2D(
        first.points[pairs[:, 0]],
        second.points[pairs[:, 1]],
        method=cv2.RANSAC,
        ransacReprojThreshold=max(1.0, _TOLERANCE * side),
        maxIters=_ROUNDS,
        confidence=0.99,
    )
    if matrix is None:
        return None
    zoom = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    if not _ZOOM[0] < zoom < _ZOOM[1]:
        return None
    turn = float(np.degrees(np.arctan2(matrix[1, 0], matrix[0, 0])))
    return Alignment(int(inliers.sum()), zoom, turn, mirrored)


def _match(first: Keypoints, second: Keypoints) -> np.ndarray:
    """Rows of features in the two pictures that match, int (M, 2)."""
    if min(len(first), len(second)) < FEWEST:
        return np.zeros((0, 2), np.intp)
    similarity = root_sift(first.descriptors) @ root_sift(second.descriptors).T
    rows = np.arange(len(first))
    best = similarity.argmax(axis=1)
    mutual = similarity.argmax(axis=0)[best] == rows
    top = similarity[rows, best].copy()
    similarity[rows, best] = -1
    distinct = 2 - 2 * top < _RATIO**2 * (2 - 2 * similarity.max(axis=1))
    kept = np.flatnonzero(mutual & distinct)
    return np.stack([kept, best[kept]], axis=1)
