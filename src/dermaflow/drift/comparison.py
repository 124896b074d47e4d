"""A batch of pictures against a reference, feature by feature."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import false_discovery_control

from dermaflow.drift.features import CATEGORIES, EMBEDDING, NUMBERS
from dermaflow.drift.measures import (
    Distance,
    compare_categories,
    compare_numbers,
    compare_samples,
)
from dermaflow.drift.profile import Categories, Profile

# A row a batch and feature, over which the suite `drift` is checked.
DRIFT_COLUMNS = (
    "batch",
    "feature",
    "images",
    "missing_share",
    "missing_share_reference",
    "statistic",
    "value",
    "expected_by_chance",
    "p_value",
    "p_adjusted",
)


def compare_profiles(
    name: str, reference: Profile, batch: Profile, permutations: int, rng: np.random.Generator
) -> pd.DataFrame:
    """How far a batch is from a reference in each feature.

    Args:
        name: of the batch.
        reference: what it should be like.
        batch: what is compared.
        permutations: see ``dermaflow.drift.measures``.
        rng: as well.

    Returns:
        ``DRIFT_COLUMNS``, a row a feature. ``images`` have a known value and were compared.
        ``p_adjusted`` is for all features looked at together: if none has drifted, the chance that
        any is below 0.05 is 0.05 (Benjamini & Hochberg 1995). Values are missing where nothing is
        known of a feature in the batch or the reference.
    """
    rows = []
    for feature, ours, theirs, distance in _compare(reference, batch, permutations, rng):
        rows.append(
            {
                "batch": name,
                "feature": feature,
                "images": batch.groups - ours,
                "missing_share": ours / max(batch.groups, 1),
                "missing_share_reference": theirs / max(reference.groups, 1),
                **vars(distance),
            }
        )
    table = pd.DataFrame(rows)
    known = table["p_value"].notna()
    adjusted = pd.Series(np.nan, table.index)
    adjusted[known] = false_discovery_control(table.loc[known, "p_value"])
    return table.assign(p_adjusted=adjusted)[list(DRIFT_COLUMNS)]


def _compare(
    reference: Profile, batch: Profile, permutations: int, rng: np.random.Generator
) -> Iterator[tuple[str, int, int, Distance]]:
    """Feature, how many pictures of batch and reference lack it, and how far they are apart."""
    for name in CATEGORIES:
        theirs, ours = reference.categories[name], batch.categories[name]
        distance = compare_categories(*align_categories(theirs, ours), permutations, rng)
        yield name, ours.missing, theirs.missing, distance
    for name, scale in NUMBERS.items():
        known, new = reference.numbers[name], batch.numbers[name]
        counts = np.array([known.counts, new.counts], np.int64)
        distance = compare_numbers(counts[0], counts[1], scale.width, permutations, rng)
        yield name, new.missing, known.missing, distance
    scale_of = reference.embeddings
    first, second = (scale_of.standardise(p.embeddings.sample) for p in (reference, batch))
    yield EMBEDDING, 0, 0, compare_samples(first, second, permutations, rng)


def align_categories(
    reference: Categories, batch: Categories
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Counts of both in the order of ``category_names``, int64 (K,)."""
    names = category_names(reference, batch)
    first, second = (
        np.array([part.counts.get(name, 0) for name in names], np.int64)
        for part in (reference, batch)
    )
    return first, second


def category_names(reference: Categories, batch: Categories) -> list[str]:
    """Every category of either, the most frequent of the reference first."""
    names = sorted({*reference.counts, *batch.counts})
    return sorted(names, key=lambda name: -reference.counts.get(name, 0))
