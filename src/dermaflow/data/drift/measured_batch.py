"""A set of pictures, looked at: what its profile is made from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from dermaflow.data.drift.appearance import describe
from dermaflow.data.drift.profile import Profile, build_profile
from dermaflow.data.images.image_store import ImageStore


@dataclass(frozen=True)
class Batch:
    """One picture of each group of a set.

    Attributes:
        rows: of the manifest, with what was measured of the pixels.
        embeddings: of these, float32 (N, D).
        profile: of the set.
    """

    rows: pd.DataFrame
    embeddings: NDArray[np.float32]
    profile: Profile

    def most_unusual(self, reference: Profile, count: int) -> list[str]:
        """Ids of the pictures farthest from those of a reference, by colour and texture."""
        order = np.argsort(-self._distances(reference), kind="stable")
        return list(self.rows["image_id"].iloc[order[:count]])

    def most_typical(self, count: int) -> list[str]:
        """Ids of the pictures nearest to all others of the set, by colour and texture."""
        order = np.argsort(self._distances(self.profile), kind="stable")
        return list(self.rows["image_id"].iloc[order[:count]])

    def _distances(self, reference: Profile) -> NDArray[np.float64]:
        """Mean distance of each picture from those of which the reference keeps embeddings."""
        scale = reference.embeddings
        kept = scale.standardise(scale.sample)
        return np.asarray(cdist(scale.standardise(self.embeddings), kept).mean(1))


def look_at(
    rows: pd.DataFrame,
    group_ids: pd.Series,
    store: ImageStore,
    sample: int,
    rng: np.random.Generator,
) -> Batch:
    """Choose a picture of each group and measure it.

    Args:
        rows: of a clean manifest, all of one set.
        group_ids: of the rows, by their index.
        store: holds the pixels.
        sample: embeddings that the profile keeps, at most.
        rng: chooses.
    """
    dealt = rows.iloc[rng.permutation(len(rows))]
    chosen = dealt[~group_ids.loc[dealt.index].duplicated().to_numpy()].sort_values("image_id")
    numbers, embeddings = describe(store, chosen["image_id"].tolist())
    measured = chosen.join(numbers, on="image_id")
    size = (store.shape[0], store.shape[1])
    profile = build_profile(measured, embeddings, len(rows), size, sample, rng)
    return Batch(measured, embeddings, profile)
