"""Made-up rivals of a model on its own test images: as good as it is, or worse by a known amount.

A rival has the model's logits with noise that all images of a lesion share, as a training with
another seed errs on other lesions. Noise makes worse. So the logit of the true class is moved, one
shift a class, until the AUC of each class differs from the model's by what was asked, on average
over many rivals.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from dermaflow.ml.evaluation.predictions import Floats, Ints, Predictions

_TRIED = 60  # rivals over which a mean is taken while noise and shifts are sought
_ROUNDS = 3  # of noise, then shifts: each changes what the other needs
_STEPS = 4


@dataclass(frozen=True)
class Model:
    """What is known of a model's test images.

    Attributes:
        classes: C codes.
        logits: float64 (N, C), calibrated: their softmax are the probabilities.
        labels: int64 (N,).
        groups: of each image.
    """

    classes: tuple[str, ...]
    logits: Floats
    labels: Ints
    groups: Sequence[str]

    def predictions(self, logits: Floats | None = None) -> Predictions:
        """What is said of the images, by other logits if they are given."""
        own = self.logits if logits is None else logits
        powers = np.exp(own - own.max(1, keepdims=True))
        groups = np.asarray(self.groups, dtype=np.str_)
        return Predictions(self.classes, self.labels, powers / powers.sum(1, keepdims=True), groups)


@dataclass(frozen=True)
class Rivals:
    """Models that differ from another one by chance and by a known amount.

    Attributes:
        model: that they rival.
        noise: standard deviation of the noise of the logits.
        shifts: (C,), of the true class's logit, by class.
    """

    model: Model
    noise: float
    shifts: Floats

    def draw(self, generator: np.random.Generator) -> Predictions:
        """One rival's predictions."""
        lesions, member = np.unique(np.asarray(self.model.groups), return_inverse=True)
        drawn = generator.normal(size=(len(lesions), len(self.model.classes)))[member]
        truth = np.eye(len(self.model.classes))[self.model.labels]
        moved = self.model.logits + self.noise * drawn + truth * self.shifts
        return self.model.predictions(moved)


def make_rivals(model: Model, disagreement: float, worse: Floats, seed: int) -> Rivals:
    """Find the noise and the shifts of rivals.

    Args:
        model: to rival.
        disagreement: share of images of which rival and model say another most probable class.
        worse: (C,), by how much each class's AUC is to be below the model's, on average.
        seed: of the rivals that are tried.

    Raises:
        ValueError: a class has no image, or all of them.
    """
    rivals = Rivals(model, 0.5, np.zeros(len(model.classes)))
    for _ in range(_ROUNDS):
        rivals = _fit_noise(rivals, disagreement, seed)
        rivals = _fit_shifts(rivals, worse, seed)
    return rivals


def disagreement_of(one: Predictions, other: Predictions) -> float:
    """Share of images of which the most probable class differs."""
    return float((one.most_probable != other.most_probable).mean())


def class_aucs(predictions: Predictions) -> Floats:
    """AUC of each class against all others, (C,) (Mann and Whitney 1947)."""
    of_class = predictions.labels[:, None] == np.arange(len(predictions.classes))
    positives = of_class.sum(0)
    negatives = len(predictions) - positives
    if (positives * negatives == 0).any():
        raise ValueError("a class has no image, or all of them")
    ranks = rankdata(predictions.probabilities, axis=0)
    wins = (ranks * of_class).sum(0) - positives * (positives + 1) / 2
    return np.asarray(wins / (positives * negatives), dtype=np.float64)


def _fit_noise(rivals: Rivals, disagreement: float, seed: int) -> Rivals:
    """By halving an interval of its logarithm: more noise, more disagreement."""
    own = rivals.model.predictions()
    low, high = np.log(1e-3), np.log(30.0)
    for _ in range(16):
        middle = (low + high) / 2
        tried = Rivals(rivals.model, float(np.exp(middle)), rivals.shifts)
        mean = np.mean([disagreement_of(own, other) for other in _try(tried, seed)])
        low, high = (middle, high) if mean < disagreement else (low, middle)
    return Rivals(rivals.model, float(np.exp((low + high) / 2)), rivals.shifts)


def _fit_shifts(rivals: Rivals, worse: Floats, seed: int) -> Rivals:
    """By secants, one a class: an AUC hangs on the shift of its own class above all."""
    target = class_aucs(rivals.model.predictions()) - worse
    shifts, step = rivals.shifts, 0.3
    for _ in range(_STEPS):
        here = _mean_aucs(Rivals(rivals.model, rivals.noise, shifts), seed)
        there = _mean_aucs(Rivals(rivals.model, rivals.noise, shifts + step), seed)
        slope = np.maximum((there - here) / step, 1e-3)
        shifts = shifts + np.clip((target - here) / slope, -1.0, 1.0)
    return Rivals(rivals.model, rivals.noise, shifts)


def _mean_aucs(rivals: Rivals, seed: int) -> Floats:
    return np.asarray(np.mean([class_aucs(one) for one in _try(rivals, seed)], axis=0))


def _try(rivals: Rivals, seed: int) -> list[Predictions]:
    """The same draws each time, so that only noise and shifts make a difference."""
    generator = np.random.default_rng(seed)
    return [rivals.draw(generator) for _ in range(_TRIED)]
