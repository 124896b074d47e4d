"""Pairs of pictures worth laying over one another, by features that they share."""

from __future__ import annotations

import numpy as np
from threadpoolctl import threadpool_limits

from dermaflow.data.duplicates.inverted_index import InvertedIndex
from dermaflow.data.duplicates.keypoints import Keypoints, Whole
from dermaflow.data.duplicates.picture_features import Pictures
from dermaflow.data.duplicates.vocabulary import Signatures, learn_vocabulary
from dermaflow.io.progress import Progress
from dermaflow.io.threads import map_in_threads
from dermaflow.params.duplicates import DuplicateParams

_SAMPLE = 60_000  # features from which the words are learnt

Candidate = tuple[int, int, bool]


def find_candidates(
    pictures: Pictures, params: DuplicateParams, rng: np.random.Generator
) -> list[Candidate]:
    """Pairs worth laying over one another, each once: first, second, and whether mirrored."""
    # The pictures are spread over the processors; small products spread once more would only wait.
    with threadpool_limits(1, "blas"):
        index = _build_index(pictures, params.words, rng)

        def look(picture: int) -> list[Candidate]:
            keypoints = pictures[picture]
            return [
                (min(picture, other), max(picture, other), mirrored)
                for mirrored in (False, True)
                for other in _most_alike(
                    index,
                    keypoints.mirrored() if mirrored else keypoints,
                    picture,
                    pictures,
                    params,
                )
            ]

        numbers = range(len(pictures))
        found = Progress(map_in_threads(look, numbers), "Comparing", len(numbers), unit="image")
        return sorted({candidate for candidates in found for candidate in candidates})


def _build_index(pictures: Pictures, words: int, rng: np.random.Generator) -> InvertedIndex:
    vocabulary = learn_vocabulary(pictures.sample(_SAMPLE, rng), words, rng)
    index = InvertedIndex(vocabulary, len(pictures))

    def describe(picture: int) -> tuple[Keypoints, tuple[Whole, Signatures]]:
        keypoints = pictures[picture]
        return keypoints, index.describe(keypoints)

    numbers = range(len(pictures))
    described = map_in_threads(describe, numbers)
    for keypoints, cells in Progress(described, "Describing pictures", len(numbers), unit="image"):
        index.add(keypoints, cells)
    index.finish()
    return index


def _most_alike(
    index: InvertedIndex,
    keypoints: Keypoints,
    picture: int,
    pictures: Pictures,
    params: DuplicateParams,
) -> list[int]:
    """The pictures with the highest scores; of equals the first."""
    others, scores = index.score(keypoints)
    compared = pictures.others(picture, others)
    others, scores = others[compared], scores[compared]
    order = np.argsort(-scores, kind="stable")[: params.candidates]
    alike: list[int] = others[order].tolist()
    return alike
