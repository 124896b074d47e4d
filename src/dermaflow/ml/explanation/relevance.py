"""What relevance maps have in common: the function they explain, hiding by blur, and measures.

A relevance map is float32 (H, W) in units of probability: a positive value speaks for the
explained class, a negative one against it, and values add up over a region.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from dermaflow.data.images.pixel_modes import Pixels
from dermaflow.ml.evaluation.decision_rule import DecisionRule
from dermaflow.ml.models.classifier import Classifier
from dermaflow.ml.models.predict import predict_batch
from dermaflow.ml.runtime import Runtime

RelevanceMap = NDArray[np.float32]
# uint8 (N, H, W, 3) to the probability of one class, float32 (N,).
ClassProbability = Callable[[Pixels], NDArray[np.float32]]


@dataclass(frozen=True)
class Attribution:
    """A relevance map and what its method tells of its own quality.

    Attributes:
        relevance: float32 (H, W), in probability.
        notes: scalars by name, JSON-ready.
    """

    relevance: RelevanceMap
    notes: dict[str, float]


def class_probability(
    classifier: Classifier, rule: DecisionRule, code: str, runtime: Runtime, batch_size: int
) -> ClassProbability:
    """The function to explain: probability of the class ``code``, ``batch_size`` images at a time.

    By the rule's calibration and views: it is the probability that is told that is explained.

    Raises:
        ValueError: the classifier knows no such class.
    """
    column = classifier.classes.index(code)

    def probability(pixels: Pixels) -> NDArray[np.float32]:
        batches = np.split(pixels, range(batch_size, len(pixels), batch_size))
        logits = [predict_batch(classifier, batch, runtime, rule.views) for batch in batches]
        return rule.probabilities(np.concatenate(logits), classifier.classes)[:, column]

    return probability


def blur(pixels: Pixels, share: float) -> Pixels:
    """What stands for hidden pixels: the image under a box blur.

    Args:
        pixels: uint8 (H, W, 3).
        share: side of the box as a share of the image's shorter side, in (0, 1].
    """
    radius = max(1.0, share * min(pixels.shape[:2]) / 2)
    return np.asarray(Image.fromarray(pixels).filter(ImageFilter.BoxBlur(radius)))


def share_inside(relevance: RelevanceMap, inside: NDArray[np.bool_]) -> float:
    """Share of the positive relevance that lies inside, in [0, 1]; NaN where there is none."""
    positive = relevance.clip(min=0).astype(np.float64)
    total = positive.sum()
    return float(positive[inside].sum() / total) if total > 0 else float("nan")


def deletion_area(
    probability: ClassProbability,
    pixels: Pixels,
    hidden: Pixels,
    relevance: RelevanceMap,
    steps: int = 10,
) -> float:
    """Mean probability while pixels are hidden in steps, the most relevant first; in [0, 1].

    The deletion score of Petsiuk et al. 2018 (arXiv:1806.07421), with blur in the place of grey:
    the area under p(share hidden) by the trapezoidal rule. The lower, the more the map tells of
    what the network uses, but only against another map of the same image.

    Args:
        pixels, hidden: uint8 (H, W, 3), the image and what stands for its hidden pixels.
    """
    rank = np.empty(relevance.size, np.int64)
    rank[np.argsort(-relevance, axis=None, kind="stable")] = np.arange(relevance.size)
    limits = np.linspace(0, relevance.size, steps + 1)
    gone = rank.reshape(relevance.shape) < limits[:, None, None]  # (steps + 1, H, W)
    scores = probability(np.where(gone[..., None], hidden, pixels))
    return float(np.trapezoid(scores.astype(np.float64), dx=1 / steps))


def compare_deletion(
    probability: ClassProbability,
    pixels: Pixels,
    hidden: Pixels,
    relevance: RelevanceMap,
    rng: np.random.Generator,
    shifts: int = 3,
) -> dict[str, float]:
    """``deletion_area`` of a map, and its mean over the map moved to random places.

    A fairer yardstick than single pixels in random order, which destroy texture everywhere at
    once: the moved map (edges wrap around) hides patches of the same shapes, but in places that
    mean nothing.

    Returns:
        ``deletion`` and ``deletion_shifted``; the map tells something where the first is lower.
    """
    places = [rng.integers(0, relevance.shape) for _ in range(shifts)]
    moved = [np.roll(relevance, tuple(place), axis=(0, 1)) for place in places]
    own, *others = (deletion_area(probability, pixels, hidden, m) for m in (relevance, *moved))
    return {"deletion": own, "deletion_shifted": float(np.mean(others))}
