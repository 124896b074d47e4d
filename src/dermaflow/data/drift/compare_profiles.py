"""A batch of pictures against a reference, feature by feature."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import false_discovery_control

from dermaflow.data.drift.distances import (
    Distance,
    compare_categories,
    compare_numbers,
    compare_samples,
)
from dermaflow.data.drift.drift_features import CATEGORIES, DRIFT_COLUMNS, EMBEDDING, NUMBERS
from dermaflow.data.drift.profile import Categories, Profile


def compare_profiles(
    name: str, reference: Profile, batch: Profile, permutations: int, rng: np.random.Generator
) -> pd.DataFrame:
    """How far a batch is from a reference in each feature.

    Args:
        name: of the batch.
        reference: what it should be like.
        batch: what is compared.
        permutations: see ``dermaflow.data.drift.distances``.
        rng: as well.

    Returns:
        ``DRIFT_COLUMNS``, a row a feature. ``images`` of the batch were compared, ``missing_share``
        have no value, and ``missing_excess`` is that share less the reference's. ``p_adjusted`` is
        for all features together: if none has drifted, the chance that any is below 0.05 is at most
        0.05, unless some rise where others fall (Benjamini & Hochberg 1995,
        doi:10.1111/j.2517-6161.1995.tb02031.x). Distance and p-values are missing where nothing is
        known of a feature in the batch or the reference.
    """
    rows = [
        {"feature": feature, "images": images, **vars(distance)}
        for feature, images, distance in _compare(reference, batch, permutations, rng)
    ]
    table = pd.DataFrame(rows).assign(batch=name)
    table["missing_share"] = [_missing_share(batch, feature) for feature in table["feature"]]
    theirs = [_missing_share(reference, feature) for feature in table["feature"]]
    table["missing_excess"] = table["missing_share"] - theirs
    known = table["p_value"].notna()
    adjusted = pd.Series(np.nan, table.index)
    adjusted[known] = false_discovery_control(table.loc[known, "p_value"])
    return table.assign(p_adjusted=adjusted)[list(DRIFT_COLUMNS)]


def _compare(
    reference: Profile, batch: Profile, permutations: int, rng: np.random.Generator
) -> Iterator[tuple[str, int, Distance]]:
    """Feature, how many pictures of the batch are compared, and how far they are apart."""
    for name in CATEGORIES:
        theirs, ours = reference.categories[name], batch.categories[name]
        distance = compare_categories(*align_categories(theirs, ours), permutations, rng)
        yield name, batch.groups - ours.missing, distance
    for name, scale in NUMBERS.items():
        known, new = reference.numbers[name], batch.numbers[name]
        counts = np.array([known.counts, new.counts], np.int64)
        distance = compare_numbers(counts[0], counts[1], scale.width, permutations, rng)
        yield name, batch.groups - new.missing, distance
    scale_of = reference.embeddings
    first, second = (scale_of.standardise(p.embeddings.sample) for p in (reference, batch))
    yield EMBEDDING, len(second), compare_samples(first, second, permutations, rng)


def _missing_share(profile: Profile, feature: str) -> float:
    part = profile.categories.get(feature) or profile.numbers.get(feature)
    return part.missing / max(profile.groups, 1) if part else 0.0


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
