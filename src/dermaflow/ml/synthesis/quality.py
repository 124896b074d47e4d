"""How synthetic images compare with the real ones they were fitted to: variety and copying."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist
from skimage.transform import resize

# Side to which images are shrunk before they are compared: below it, noise outweighs content.
COMPARED_SIDE = 16


def compare_sets(real: NDArray[np.uint8], synthetic: NDArray[np.uint8]) -> dict[str, float]:
    """Variety and copying, from root-mean-square grey-level distances of shrunk colour images.

    Args:
        real, synthetic: uint8 (N, H, W, 3) of one class.

    Returns:
        ``diversity``: mean distance between two synthetic images over that between two real ones;
        far below 1 means mode collapse.
        ``nearest_ratio``: median distance of a synthetic image to its nearest real one over that
        of a real image to its nearest other; far below 1 means copies of training images.
        Both are omitted where a side has fewer than two images.
    """
    if len(real) < 2 or len(synthetic) < 2:
        return {}
    a, b = _shrink(real), _shrink(synthetic)
    within_real, within_synthetic = _distances(a, a), _distances(b, b)
    off_diagonal = ~np.eye(len(a), dtype=bool)
    nearest_other = np.where(off_diagonal, within_real, np.inf).min(axis=1)
    pairs = len(b) * (len(b) - 1)
    return {
        "diversity": float(within_synthetic.sum() / pairs / within_real[off_diagonal].mean()),
        "nearest_ratio": float(np.median(_distances(b, a).min(axis=1)) / np.median(nearest_other)),
    }


def _shrink(images: NDArray[np.uint8]) -> NDArray[np.float64]:
    side = COMPARED_SIDE
    small = [
        resize(image, (side, side), anti_aliasing=True, preserve_range=True) for image in images
    ]
    return np.stack(small).reshape(len(images), -1)


def _distances(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    distances: NDArray[np.float64] = cdist(a, b) / np.sqrt(a.shape[1])
    return distances
