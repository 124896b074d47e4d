"""Finding pairs of pictures that show the same lesion.

Each picture is compared with the few that share most with it (``inverted_index``), as it is and in
a mirror, and each of these pairs (``candidates``) is checked by laying one over the other
(``alignment``): what is alike for another reason, such as hair or a ruler, cannot be laid over. How
many features must agree is learnt from pairs of different lesions (``match_threshold``).

What is found is the same on every processor, with any number of threads, and in whatever order the
sources list their images.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from dermaflow.data.duplicates.alignment import Alignment, align
from dermaflow.data.duplicates.candidates import Candidate, find_candidates
from dermaflow.data.duplicates.match_threshold import FEWEST, needed_agreement
from dermaflow.data.duplicates.picture_features import (
    FeatureSet,
    Pictures,
    stored_features,
)
from dermaflow.data.images.image_store import ImageStore
from dermaflow.io.progress import Progress
from dermaflow.io.threads import map_in_threads
from dermaflow.params.duplicates import DuplicateParams

logger = logging.getLogger(__name__)

# Nullable, since people may name pairs of which nothing of this is known.
_TYPES = {"agreeing": "Int64", "zoom": "Float64", "turn": "Float64", "mirrored": "boolean"}

_BLOCK = 16  # pairs that a thread takes at a time

PAIR_COLUMNS = ("image_a", "image_b", *_TYPES)


def find_pairs(
    features: ImageStore,
    lesions: Mapping[str, str | None],
    params: DuplicateParams,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Find pictures that can be laid over one another.

    Memory use is some 10 KB a picture.

    Args:
        features: as ingest stores them (``describe``).
        lesions: image id -> lesion id, as far as it is known, of the pictures to compare.
        params: how many words and candidates, and what makes a pair.
        rng: decides from which features the words are learnt.

    Returns:
        A row a pair (``PAIR_COLUMNS``), ``image_a`` before ``image_b`` in the alphabet, the
        surest first; ``agreeing`` is the number of features that lie where they should.
    """
    if not params.candidates:
        return _find(Pictures([], []), params, rng)
    chosen = stored_features(features, lesions)
    return _find(Pictures([chosen], [lesions[name] for name in chosen.names]), params, rng)


def find_pairs_between(
    first: FeatureSet,
    second: FeatureSet,
    params: DuplicateParams,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Find pictures of one set that can be laid over pictures of another.

    Like ``find_pairs``, but pictures of one set are not compared with each other.

    Args:
        first, second: features of the pictures; no id is in both.
        params, rng: as of ``find_pairs``.

    Returns:
        ``PAIR_COLUMNS``, ``image_a`` of the first set.
    """
    pictures = Pictures([first, second], [None] * (len(first.names) + len(second.names)))
    return _find(pictures, params, rng)


def _find(pictures: Pictures, params: DuplicateParams, rng: np.random.Generator) -> pd.DataFrame:
    names = np.asarray(pictures.names, dtype=object)
    found: list[tuple[float, ...]] = []
    if params.candidates and pictures.sets and all(s.counts.any() for s in pictures.sets):
        found += _align_all(pictures, find_candidates(pictures, params, rng))
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


def _align_all(pictures: Pictures, candidates: Sequence[Candidate]) -> Iterator[tuple[float, ...]]:
    """The candidates that can be laid over one another: their numbers and how."""

    def look(candidate: Candidate) -> Alignment | None:
        a, b, mirrored = candidate
        first = pictures[a].mirrored() if mirrored else pictures[a]
        return align(first, pictures[b], pictures.side, mirrored)

    # The pairs are spread over the processors; small products spread once more would only wait.
    with threadpool_limits(1, "blas"):
        aligned = Progress(
            map_in_threads(look, candidates, block=_BLOCK),
            "Laying over one another",
            len(candidates),
            unit="pair",
        )
        for (a, b, _), alignment in zip(candidates, aligned, strict=True):
            if alignment and alignment.agreeing >= FEWEST:
                yield a, b, *astuple(alignment)
