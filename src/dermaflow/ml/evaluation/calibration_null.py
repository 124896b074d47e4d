"""How large the calibration error is by chance, of a model whose probabilities are right.

The error (ECE) of a perfectly calibrated model is above 0, the more so the fewer the images, and
resampling the images biases it further upwards. So it is held against its own distribution: labels
are drawn from the stated probabilities again and again (Vaicenavicius et al. 2019,
arXiv:1902.06977).
"""

from __future__ import annotations

import numpy as np

from dermaflow.ml.evaluation.curves import confidence_bins
from dermaflow.ml.evaluation.predictions import Floats, Predictions

_CHUNK = 1_000_000  # draws times images that are in memory at once


def calibration_errors_by_chance(
    predictions: Predictions, bins: int, draws: int, generator: np.random.Generator
) -> Floats:
    """Calibration errors if the probabilities are right, float64 (draws,).

    Images of a group show one lesion, so that one random number decides the label of all of them:
    with equal probabilities they get the same label.

    Args:
        predictions: of N images; their labels are not looked at.
        bins: of the calibration error, see ``metrics.calibration_error``.
        draws: of labels.
        generator: of the draws.
    """
    names, member = np.unique(predictions.groups, return_inverse=True)
    confidence = predictions.probabilities.max(1)
    # A label is drawn where a uniform number falls between two sums of the class probabilities.
    of_image = (np.arange(len(predictions)), predictions.most_probable)
    high = predictions.probabilities.cumsum(1)[of_image]
    low = high - confidence
    members = np.eye(bins)[confidence_bins(confidence, bins)]
    chunk = max(1, _CHUNK // len(predictions))
    errors = []
    for start in range(0, draws, chunk):
        number = generator.random((min(chunk, draws - start), len(names)))[:, member]
        surplus = confidence - ((low <= number) & (number < high))
        errors.append(np.abs(surplus @ members).sum(1) / len(predictions))
    return np.concatenate(errors)
