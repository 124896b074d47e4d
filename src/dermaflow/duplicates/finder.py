"""Finding pairs of pictures that show the same lesion.

Each picture is compared with the few most like it (``vocabulary``), as it is and in a mirror, and
each of these pairs is checked by laying one over the other (``alignment``): what is alike for
another reason, such as hair or a ruler, cannot be laid over. How many features must agree is learnt
from pairs of different lesions (``calibration``).
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tqdm import tqdm

from dermaflow.duplicates.alignment import Alignment, align
from dermaflow.duplicates.calibration import FEWEST, needed_agreement
from dermaflow.duplicates.keypoints import LENGTH, Keypoints, detect
from dermaflow.duplicates.temporary import temporary_array
from dermaflow.duplicates.vocabulary import learn_vocabulary
from dermaflow.ml.decoding import map_in_threads
from dermaflow.ml.image_store import ImageStore
from dermaflow.params import DuplicateParams

logger = logging.getLogger(__name__)

# Nullable, since people may name pairs of which nothing of this is known.
_TYPES = {"agreeing": "Int64", "zoom": "Float64", "turn": "Float64", "mirrored": "boolean"}

_SAMPLE = 60_000  # features from which the words are learnt
_BLOCK = 1024  # pictures compared with as many others at a time

Candidate = tuple[int, int, bool]

PAIR_COLUMNS = ("image_a", "image_b", *_TYPES)


def find_pairs(
    store: ImageStore,
    lesions: Mapping[str, str | None],
    params: DuplicateParams,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Find pictures that can be laid over one another.

    Memory use is some 16 KB a picture; features lie in a temporary file meanwhile.

    Args:
        store: holds the pixels.
        lesions: image id -> lesion id, as far as it is known, of the pictures to compare.
        params: how many features, words and candidates, and what makes a pair.
        rng: decides from which features the words are learnt.

    Returns:
        A row a pair (``PAIR_COLUMNS``), ``image_a`` before ``image_b`` in the order of the ids,
        the surest first; ``agreeing`` is the number of features that lie where they should.
    """
    image_ids = list(lesions)
    found: list[tuple[float, ...]] = []
    if params.candidates and len(image_ids) > 1:
        cv2.setNumThreads(1)  # the pictures themselves are spread over the processors
        features = _Features(len(image_ids), params.keypoints)
        features.fill(store, store.rows(image_ids))
        candidates = _find_candidates(features, params, rng) if features.total else []
        found += _align_all(features, candidates, max(store.shape[:2]))
    table = pd.DataFrame(found, columns=["a", "b", *_TYPES]).astype({"a": int, "b": int} | _TYPES)
    table = table[table["agreeing"] >= _find_threshold(table, list(lesions.values()), params)]
    best = table.sort_values(["agreeing", "a", "b"], ascending=[False, True, True])
    best = best.drop_duplicates(["a", "b"])
    names = np.asarray(image_ids, dtype=object)
    pairs = best.assign(image_a=names[best["a"]], image_b=names[best["b"]])
    return pairs[list(PAIR_COLUMNS)].reset_index(drop=True)


class _Features:
    """Features of many pictures in files, so that memory does not grow with their number."""

    def __init__(self, pictures: int, count: int) -> None:
        self._count = count
        self._points = temporary_array((pictures, count, 2), np.float32)
        self._descriptors = temporary_array((pictures, count, LENGTH), np.uint8)
        self._found = np.zeros(pictures, np.int64)

    def __len__(self) -> int:
        return len(self._found)

    def __getitem__(self, picture: int) -> Keypoints:
        found = self._found[picture]
        return Keypoints(
            np.array(self._points[picture, :found]), np.array(self._descriptors[picture, :found])
        )

    @property
    def total(self) -> int:
        """Features of all pictures together."""
        return int(self._found.sum())

    def fill(self, store: ImageStore, rows: NDArray[np.int64]) -> None:
        """Detect the features of the store's rows."""

        def look(row: int) -> Keypoints:
            return detect(store.take([row])[0], self._count)

        found = tqdm(
            map_in_threads(look, rows.tolist()), "Looking for features", len(rows), unit="image"
        )
        for picture, keypoints in enumerate(found):
            self._found[picture] = len(keypoints)
            self._points[picture, : len(keypoints)] = keypoints.points
            self._descriptors[picture, : len(keypoints)] = keypoints.descriptors

    def sample(self, size: int, rng: np.random.Generator) -> NDArray[np.uint8]:
        """Descriptors of some features, half of them as in a mirror."""
        starts = np.concatenate([[0], np.cumsum(self._found)])
        chosen = np.sort(rng.choice(self.total, min(size, self.total), replace=False))
        picture = np.searchsorted(starts, chosen, side="right") - 1
        descriptors = np.array(self._descriptors[picture, chosen - starts[picture]])
        half = Keypoints(np.zeros((len(chosen), 2), np.float32), descriptors).mirrored()
        return np.where(np.arange(len(chosen))[:, None] % 2, half.descriptors, descriptors)


def _find_candidates(
    features: _Features, params: DuplicateParams, rng: np.random.Generator
) -> list[Candidate]:
    """Pairs worth laying over one another, each once: first, second, and whether mirrored."""
    vocabulary = learn_vocabulary(features.sample(_SAMPLE, rng), params.words, rng)
    vectors = np.zeros((len(features), vocabulary.length), np.int8)
    scales = np.zeros(len(features), np.float32)

    def encode(picture: int) -> NDArray[np.float32]:
        return vocabulary.encode(features[picture].descriptors)

    encoded = map_in_threads(encode, range(len(features)))
    shown = tqdm(encoded, "Describing pictures", len(features), unit="image")
    for picture, vector in enumerate(shown):
        vectors[picture], scales[picture] = _quantise(vector)

    def encode_mirrored(picture: int) -> NDArray[np.float32]:
        return vocabulary.encode(features[picture].mirrored().descriptors)

    seen: set[Candidate] = set()
    for start in tqdm(range(0, len(features), _BLOCK), "Comparing", unit="block"):
        block = range(start, min(start + _BLOCK, len(features)))
        mirrored = np.stack(list(map_in_threads(encode_mirrored, block)))
        for queries, is_mirrored in (
            (_restore(vectors[block], scales[block]), False),
            (mirrored, True),
        ):
            similarity = _compare(queries, vectors, scales)
            similarity[np.arange(len(block)), block] = -np.inf  # with itself
            for offset, others in enumerate(_largest(similarity, params.candidates)):
                first = start + offset
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
    """Columns of the largest values of each row, in no order."""
    count = min(count, similarity.shape[1] - 1)
    return np.argpartition(-similarity, count, axis=1)[:, :count]


def _find_threshold(
    table: pd.DataFrame, lesions: Sequence[str | None], params: DuplicateParams
) -> int:
    """How many features must agree, as the pairs of different lesions tell."""
    lesion = pd.Series(lesions, dtype=object)
    of_a, of_b = (lesion.reindex(table[side]).to_numpy() for side in ("a", "b"))
    different = table["agreeing"][of_a != of_b]
    needed = needed_agreement(different, params.agreeing, params.chance_pairs)
    logger.info("A pair needs %d agreeing features", needed)
    return needed


def _align_all(
    features: _Features, candidates: Sequence[Candidate], side: int
) -> Iterator[tuple[float, ...]]:
    """The candidates that can be laid over one another: their numbers and how."""

    def look(candidate: Candidate) -> Alignment | None:
        a, b, mirrored = candidate
        first = features[a].mirrored() if mirrored else features[a]
        return align(first, features[b], side, mirrored)

    aligned = tqdm(
        map_in_threads(look, candidates), "Laying over one another", len(candidates), unit="pair"
    )
    for (a, b, _), alignment in zip(candidates, aligned, strict=True):
        if alignment and alignment.agreeing >= FEWEST:
            yield a, b, *astuple(alignment)
