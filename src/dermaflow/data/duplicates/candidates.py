"""Pairs of pictures worth laying over one another, by comparing a vector of each."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from dermaflow.data.duplicates.picture_features import Features, Pictures
from dermaflow.data.duplicates.vocabulary import learn_vocabulary
from dermaflow.io.threads import map_in_threads
from dermaflow.params.duplicates import DuplicateParams

_SAMPLE = 60_000  # features from which the words are learnt
_BLOCK = 1024  # pictures compared with as many others at a time

Candidate = tuple[int, int, bool]


def find_candidates(
    features: Features, pictures: Pictures, params: DuplicateParams, rng: np.random.Generator
) -> list[Candidate]:
    """Pairs worth laying over one another, each once: first, second, and whether mirrored."""
    vocabulary = learn_vocabulary(features.sample(_SAMPLE, rng), params.words, rng)
    vectors = np.zeros((len(features), vocabulary.length), np.int8)
    scales = np.zeros(len(features), np.float32)

    def encode(picture: int) -> NDArray[np.float32]:
        return vocabulary.encode(features[picture].descriptors)

    with threadpool_limits(1, "blas"):
        encoded = map_in_threads(encode, range(len(features)))
        shown = tqdm(encoded, "Describing pictures", len(features), unit="image")
        for picture, vector in enumerate(shown):
            vectors[picture], scales[picture] = _quantise(vector)

    def encode_mirrored(picture: int) -> NDArray[np.float32]:
        return vocabulary.encode(features[picture].mirrored().descriptors)

    seen: set[Candidate] = set()
    for start in tqdm(range(0, len(features), _BLOCK), "Comparing", unit="block"):
        block = range(start, min(start + _BLOCK, len(features)))
        with threadpool_limits(1, "blas"):
            mirrored = np.stack(list(map_in_threads(encode_mirrored, block)))
        for queries, is_mirrored in (
            (_restore(vectors[block], scales[block]), False),
            (mirrored, True),
        ):
            similarity = _compare(queries, vectors, scales)
            for first, row in zip(block, similarity, strict=True):
                row[pictures.without(first)] = -np.inf
                others = _largest(row, params.candidates)
                seen |= {(min(first, o), max(first, o), is_mirrored) for o in others.tolist()}
    return sorted(seen)


def _quantise(vector: NDArray[np.float32]) -> tuple[NDArray[np.int8], float]:
    """A vector in eight bits, and what to multiply them by."""
    scale = float(np.abs(vector).max()) / 127 or 1.0
    return np.round(vector / scale).astype(np.int8), scale


def _restore(vectors: NDArray[np.int8], scales: NDArray[np.float32]) -> NDArray[np.float32]:
    restored: NDArray[np.float32] = vectors.astype(np.float32) * scales[:, None]
    return restored


def _compare(
    queries: NDArray[np.float32], vectors: NDArray[np.int8], scales: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Cosine of each query with each vector, float32 (Q, N)."""
    similarity = np.empty((len(queries), len(vectors)), np.float32)
    for start in range(0, len(vectors), _BLOCK):
        part = slice(start, start + _BLOCK)
        similarity[:, part] = queries @ _restore(vectors[part], scales[part]).T
    return similarity


def _largest(similarity: NDArray[np.float32], count: int) -> NDArray[np.intp]:
    """Places of the largest values, in no order; -inf is none of them."""
    count = min(count, len(similarity) - 1)
    places = np.argpartition(-similarity, count)[:count]
    return places[np.isfinite(similarity[places])]
