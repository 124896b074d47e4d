"""One vector a picture, near that of any other picture of the same lesion.

A vector of locally aggregated descriptors (VLAD; Jégou et al. 2010,
doi:10.1109/CVPR.2010.5540039): every feature adds its distance from the nearest of some hundred
typical features, the words; each word's sum is brought to unit length (Arandjelović & Zisserman
2013, doi:10.1109/CVPR.2013.207). The words are learnt from the pictures at hand, so that no weights
are needed and any kind of picture will do.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.cluster import MiniBatchKMeans
from sklearn.decomposition import PCA

from dermaflow.data.duplicates.keypoints import Bytes, Floats, root_sift

COMPONENTS = 32  # of a descriptor that are kept
_ROUNDS = 10


@dataclass(frozen=True)
class Vocabulary:
    """Typical features.

    Attributes:
        mean: float32 (128,), of descriptors.
        components: float32 (128, 32), their principal directions.
        words: float32 (W, 32).
    """

    mean: Floats
    components: Floats
    words: Floats

    @property
    def length(self) -> int:
        """Of a vector."""
        return self.words.size

    def encode(self, descriptors: Bytes) -> Floats:
        """The vector of a picture with these features, float32 (W * 32,) of unit length.

        Zeros for a picture without features.
        """
        sums = np.zeros(self.words.shape, np.float32)
        if len(descriptors):
            reduced = (root_sift(descriptors) - self.mean) @ self.components
            distances = (self.words**2).sum(axis=1) - 2 * reduced @ self.words.T
            nearest = distances.argmin(axis=1)
            np.add.at(sums, nearest, reduced - self.words[nearest])
            sums /= np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-9)
        vector: Floats = sums.ravel() / max(float(np.linalg.norm(sums)), 1e-9)
        return vector


def learn_vocabulary(descriptors: Bytes, words: int, rng: np.random.Generator) -> Vocabulary:
    """Learn the words.

    Args:
        descriptors: of features of many pictures, uint8 (N, 128); a sample will do.
        words: how many; fewer, if there are not as many features.
        rng: decides where the search for them begins.
    """
    values = root_sift(descriptors)
    pca = PCA(min(COMPONENTS, len(values)), svd_solver="full").fit(values)
    reduced = pca.transform(values).astype(np.float32)
    clusters = MiniBatchKMeans(
        min(words, len(values)),
        max_iter=_ROUNDS,
        batch_size=4096,
        n_init=1,
        random_state=int(rng.integers(2**31)),
    ).fit(reduced)
    return Vocabulary(
        mean=pca.mean_.astype(np.float32),
        components=pca.components_.T.astype(np.float32),
        words=clusters.cluster_centers_.astype(np.float32),
    )
