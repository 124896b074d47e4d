"""The sources of a run, each against what it should be like."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
from pydantic import BaseModel, ConfigDict

from dermaflow.data.drift.compare_profiles import compare_profiles
from dermaflow.data.drift.drift_features import DRIFT_COLUMNS
from dermaflow.data.drift.measured_batch import Batch, look_at
from dermaflow.data.drift.profile import Profile, read_profile
from dermaflow.data.images.image_store import ImageStore
from dermaflow.errors import ValidationError
from dermaflow.io.seeding import numpy_generator
from dermaflow.params.validate import DriftParams

TRAINING = "training sources"
EARLIER = "earlier profile"

_SHOWN = 8  # pictures of each batch, and of its reference


class Comparison(BaseModel):
    """A batch and the reference it was compared with.

    Attributes:
        name: of the batch.
        reference_name: of what it is compared with.
        batch: its profile.
        reference: the other one.
        unusual: ids of the pictures of the batch that are least like the reference.
        typical: ids of pictures of the reference; empty where it has none in this run.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    reference_name: str
    batch: Profile
    reference: Profile
    unusual: list[str]
    typical: list[str]


def compare_sources(
    manifest: pd.DataFrame,
    group_ids: pd.Series,
    store: ImageStore,
    params: DriftParams,
    seed: int,
) -> tuple[Profile, list[Comparison], pd.DataFrame]:
    """Compare external sources with the training sources, and these with an earlier profile.

    Args:
        manifest: clean rows; those whose ``role`` is ``external`` are a batch for each ``source``,
            all others are the training sources.
        group_ids: of the rows, by their index.
        store: holds the pixels.
        params: names the earlier profile.
        seed: of the run.

    Returns:
        The training sources' profile; the comparisons; and of all of them a row for each feature,
        ``DRIFT_COLUMNS``.

    Raises:
        SourceError: the earlier profile cannot be used.
        ValidationError: there is no training image.
    """
    size = (store.shape[0], store.shape[1])
    earlier = read_profile(params.reference, size) if params.reference else None
    external = manifest["role"] == "external"
    if external.all():
        raise ValidationError("no image of a training source is left; see the quarantine")
    names = manifest["source"].where(external, TRAINING)
    batches = {
        name: look_at(
            manifest[names == name],
            group_ids[names == name],
            store,
            params.sample,
            numpy_generator(seed, "drift", name),
        )
        for name in (TRAINING, *sorted(set(names) - {TRAINING}))
    }
    pairs = list(_compare(batches, earlier, params, seed))
    tables = [features for _, features in pairs]
    features = (
        pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=DRIFT_COLUMNS)
    )
    return batches[TRAINING].profile, [comparison for comparison, _ in pairs], features


def _compare(
    batches: dict[str, Batch], earlier: Profile | None, params: DriftParams, seed: int
) -> Iterator[tuple[Comparison, pd.DataFrame]]:
    training = batches[TRAINING]
    for name, batch in batches.items():
        own = name == TRAINING
        reference = earlier if own else training.profile
        if reference is None:
            continue
        rng = numpy_generator(seed, "drift", name, "deals")
        features = compare_profiles(name, reference, batch.profile, params.permutations, rng)
        comparison = Comparison(
            name=name,
            reference_name=EARLIER if own else TRAINING,
            batch=batch.profile,
            reference=reference,
            unusual=batch.most_unusual(reference, _SHOWN),
            typical=[] if own else training.most_typical(_SHOWN),
        )
        yield comparison, features
