"""Learning the feature space from training images."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.linalg import solve_triangular
from sklearn.covariance import ledoit_wolf

from dermaflow.io.seeding import numpy_generator
from dermaflow.ml.evaluation.feature_space import FeatureSpace, to_unit_length

# Of the mean variance, added to each: keeps the covariance invertible, whatever the shrinkage.
_RIDGE = 1e-6


def learn_feature_space(features: NDArray[np.float32], labels: Sequence[str]) -> FeatureSpace:
    """Means of the classes and the inverse of the covariance that they share.

    The covariance is of the features less their class's mean, shrunk towards a multiple of the
    identity (Ledoit and Wolf 2004, doi:10.1016/S0047-259X(03)00096-4), as there may be fewer
    images than features. A class with one image has a mean and adds nothing to the covariance.
    Where no class has two images that differ, the covariance is the identity.

    Args:
        features: (N, D) of training images, N above 0.
        labels: N codes.
    """
    codes, member = np.unique(np.asarray(labels, dtype=str), return_inverse=True)
    values = to_unit_length(features)
    means = np.stack([values[member == number].mean(0) for number in range(len(codes))])
    size = features.shape[1]
    covariance = _share_covariance(values - means[member])
    # Of L Lᵀ = covariance, the squared distance is that of x L⁻ᵀ from its mean.
    root = np.linalg.cholesky(covariance)
    whitening = solve_triangular(root, np.eye(size), lower=True).T
    centre = means.mean(0)
    moved = (means - centre) @ whitening
    return FeatureSpace(*(a.astype(np.float32) for a in (centre, whitening, moved)))


def _share_covariance(rest: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shrunk covariance (D, D) of what is left of features (N, D) without their class's mean."""
    identity = np.eye(rest.shape[1])
    if not rest.any():
        return identity
    covariance, _ = ledoit_wolf(rest, assume_centered=True)
    ridge = _RIDGE * np.trace(covariance) / len(identity)
    shared: NDArray[np.float64] = covariance + ridge * identity
    return shared


def draw_training_images(manifest: pd.DataFrame, most: int, seed: int) -> pd.DataFrame:
    """Rows of training images, at most so many of each class, in the manifest's order.

    Args:
        manifest: of all images.
        most: of a class.
        seed: of the draw.
    """
    train = manifest[manifest["split"] == "train"]
    generator = numpy_generator(seed, "evaluate", "feature_space")
    order = pd.Series(generator.permutation(len(train)), train.index)
    return train[order.groupby(train["label"]).rank() <= most]
