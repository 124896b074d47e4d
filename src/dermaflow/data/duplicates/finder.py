"""Finding pairs of pictures that show the same lesion.

Each picture is compared with the few most like it (``vocabulary``), as it is and in a mirror, and
each of these pairs (``candidates``) is checked by laying one over the other (``alignment``): what
is alike for another reason, such as hair or a ruler, cannot be laid over. How many features must
agree is learnt from pairs of different lesions (``calibration``).
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple

import cv2
import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from dermaflow.data.duplicates.alignment import Alignment, align
from dermaflow.data.duplicates.candidates import Candidate, find_candidates
from dermaflow.data.duplicates.match_threshold import FEWEST, needed_agreement
from dermaflow.data.duplicates.picture_features import Features, Pictures
from dermaflow.data.images.image_store import ImageStore
from dermaflow.io.threads import map_in_threads
from dermaflow.params.duplicates import DuplicateParams

logger = logging.getLogger(__name__)

# Nullable, since people may name pairs of which nothing of this is known.
_TYPES = {"agreeing": "Int64", "zoom": "Float64", "turn": "Float64", "mirrored": "boolean"}

_BLOCK = 16  # pairs that a thread takes at a time

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
    pictures = Pictures([(store, list(lesions))], list(lesions.values()))
    return _find(pictures, params, rng)


def find_pairs_between(
    first: tuple[ImageStore, Sequence[str]],
    second: tuple[ImageStore, Sequence[str]],
    params: DuplicateParams,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Find pictures of one set that can be laid over pictures of another.

    Like ``find_pairs``, but pictures of one set are not compared with each other.

    Args:
        first, second: a store and the ids of its pictures; no id is in both.
        params, rng: as of ``find_pairs``.

    Returns:
        ``PAIR_COLUMNS``, ``image_a`` of the first set.
    """
    pictures = Pictures([first, second], [None] * (len(first[1]) + len(second[1])))
    return _find(pictures, params, rng)


def _find(pictures: Pictures, params: DuplicateParams, rng: np.random.Generator) -> pd.DataFrame:
    names = np.asarray(pictures.names, dtype=object)
    found: list[tuple[float, ...]] = []
    if params.candidates and all(len(ids) for _, ids in pictures.sets) and len(names) > 1:
        cv2.setNumThreads(1)  # the pictures themselves are spread over the processors
        features = Features(len(names), params.keypoints)
        features.fill(pictures)
        candidates = find_candidates(features, pictures, params, rng) if features.total else []
        found += _align_all(features, candidates, pictures.side)
    table = pd.DataFrame(found, columns=["a", "b", *_TYPES]).astype({"a": int, "b": int} | _TYPES)
    table = table[table["agreeing"] >= _find_threshold(table, pictures.lesions, params)]
    best = table.sort_values(["agreeing", "a", "b"], ascending=[False, True, True])
    best = best.drop_duplicates(["a", "b"])
    pairs = best.assign(image_a=names[best["a"]], image_b=names[best["b"]])
    return pairs[list(PAIR_COLUMNS)].reset_index(drop=True)


def _find_threshold(
    table: pd.DataFrame, lesions: Sequence[str | None], params: DuplicateParams
) -> int:
    """How many features must agree, as the pairs of different lesions tell."""
    lesion = pd.Series(lesions, dtype=object)
    of_a, of_b = (lesion.reindex(table[side]).to_numpy() for side in ("a", "b"))
    same = (of_a == of_b) & pd.notna(of_a)
    different = table["agreeing"][~same]
    needed = needed_agreement(different, params.agreeing, params.chance_pairs)
    logger.info("Duplicates among %d pictures: %d features must agree", len(lesions), needed)
    return needed


def _align_all(
    features: Features, candidates: Sequence[Candidate], side: int
) -> Iterator[tuple[float, ...]]:
    """The candidates that can be laid over one another: their numbers and how."""

    def look(candidate: Candidate) -> Alignment | None:
        a, b, mirrored = candidate
        first = features[a].mirrored() if mirrored else features[a]
        return align(first, features[b], side, mirrored)

    # The pairs are spread over the processors; small products spread once more would only wait.
    with threadpool_limits(1, "blas"):
        aligned = tqdm(
            map_in_threads(look, candidates, block=_BLOCK),
            "Laying over one another",
            len(candidates),
            unit="pair",
        )
        for (a, b, _), alignment in zip(candidates, aligned, strict=True):
            if alignment and alignment.agreeing >= FEWEST:
                yield a, b, *astuple(alignment)
