"""One pass of the network over images, with all that an answer and an abstention rest on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dermaflow.ml.evaluation.abstention import DISTANCE
from dermaflow.ml.evaluation.feature_space import FeatureSpace
from dermaflow.ml.models.classifier import Classifier
from dermaflow.ml.models.predict import Observation, observe_batch
from dermaflow.ml.runtime import Runtime

Floats = NDArray[np.float32]


class Observed(NamedTuple):
    """Of N images: logits (N, classes), and measure -> (N,)."""

    logits: Floats
    measures: dict[str, Floats]


def observe(
    classifier: Classifier,
    batches: Iterable[NDArray[np.uint8]],
    runtime: Runtime,
    views: int,
    space: FeatureSpace | None,
) -> Observed:
    """Logits and measures of many images; features are kept for a batch alone.

    Args:
        classifier: network and preprocessing.
        batches: of images, uint8 (N, H, W, 3).
        runtime: device and precision.
        views: see ``predict_batch``.
        space: in which the ``DISTANCE`` is measured; without it there is none.
    """
    logits = [np.empty((0, len(classifier.classes)), np.float32)]
    measures: dict[str, list[Floats]] = {}
    for pixels in batches:
        seen = observe_batch(classifier, pixels, runtime, views)
        logits.append(seen.logits)
        for name, values in _with_distance(seen, space).items():
            measures.setdefault(name, []).append(values)
    joined = {name: np.concatenate(parts) for name, parts in measures.items()}
    return Observed(np.concatenate(logits), joined)


def _with_distance(seen: Observation, space: FeatureSpace | None) -> dict[str, Floats]:
    if space is None:
        return seen.measures
    return seen.measures | {DISTANCE: space.distances(seen.features)}


def observe_training(
    classifier: Classifier,
    batches: Iterable[NDArray[np.uint8]],
    runtime: Runtime,
    views: int,
) -> Observation:
    """All logits, features and measures of images, of which there is one at least."""
    seen = [observe_batch(classifier, pixels, runtime, views) for pixels in batches]
    return Observation(
        np.concatenate([one.logits for one in seen]),
        np.concatenate([one.features for one in seen]),
        {name: np.concatenate([one.measures[name] for one in seen]) for name in seen[0].measures},
    )
