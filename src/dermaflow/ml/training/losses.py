"""The classifier's training loss: cross entropy, and what may be done to it."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from dermaflow.ml.training.batches import expected_draws
from dermaflow.params.train import LossParams

# The derivative of (1 - p) ** gamma has no bound at p = 1 where gamma is below 1.
_LEAST_DISTANCE = 1e-6


class ClassificationLoss(nn.Module):
    """-sum_c w_c t_c (1 - p_c)^gamma log p_c, p = softmax(z + tau log q), mean over the batch.

    - t: targets, smoothed towards 1 / C (Szegedy et al. 2016, arXiv:1512.00567).
    - gamma: focal loss (Lin et al. 2017, arXiv:1708.02002); for hard targets it is the paper's.
    - w: inverse effective number of images (Cui et al. 2019, arXiv:1901.05555).
    - tau: logit adjustment (Menon et al. 2021, arXiv:2007.07314). It holds for training alone:
      the plain logits z are then those of classes that are all alike frequent.

    Both w and the prior q are of the images *that the sampler draws*, so that sampling and loss do
    not correct for the same imbalance twice: with ``balance`` 1 neither changes anything.

    Args:
        params: see ``LossParams``; all off is ``functional.cross_entropy``.
        draws: float64 (C,), images of each class that an epoch draws, all positive.
    """

    weights: Tensor | None
    offsets: Tensor | None

    def __init__(self, params: LossParams, draws: NDArray[np.float64]) -> None:
        super().__init__()
        self._params = params
        weights = offsets = None
        if params.class_balance_beta:
            weights = torch.from_numpy(class_weights(draws, params.class_balance_beta)).float()
        if params.logit_adjustment:
            prior = torch.from_numpy(draws / draws.sum())
            offsets = (params.logit_adjustment * prior.log()).float()
        self.register_buffer("weights", weights)
        self.register_buffer("offsets", offsets)

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        """The loss, a scalar.

        Args:
            logits: float32 (N, C), not adjusted.
            targets: class indices, int64 (N,), or distributions over classes, float (N, C).
        """
        if self.offsets is not None:
            logits = logits + self.offsets
        smoothing = self._params.label_smoothing
        if self.weights is None and not self._params.focal_gamma:
            return functional.cross_entropy(logits, targets, label_smoothing=smoothing)
        classes = logits.shape[1]
        if targets.ndim == 1:
            targets = functional.one_hot(targets, classes).to(logits.dtype)
        log_p = logits.log_softmax(dim=1)
        terms = -(targets * (1 - smoothing) + smoothing / classes) * log_p
        if self._params.focal_gamma:
            distance = (-log_p.expm1()).clamp_min(_LEAST_DISTANCE)
            terms = terms * distance**self._params.focal_gamma
        if self.weights is not None:
            terms = terms * self.weights
        return terms.sum(dim=1).mean()


def build_loss(
    labels: NDArray[np.int64], classes: int, balance: float, params: LossParams
) -> ClassificationLoss:
    """The loss for training images of the given labels, drawn by ``class_balancing_weights``."""
    return ClassificationLoss(params, expected_draws(labels, classes, balance))


def class_weights(draws: NDArray[np.float64], beta: float) -> NDArray[np.float64]:
    """Inverse effective number of images, w_c ~ (1 - beta) / (1 - beta ** n_c), float64 (C,).

    The paper scales weights to a sum of C. Here their mean over the drawn images is 1, so that the
    loss and with it the best learning rate do not depend on how unequal the classes are.

    Args:
        draws: n_c, float64 (C,), all positive.
        beta: in [0, 1); 0 weighs all classes alike, towards 1 by 1 / n_c.
    """
    inverse = (1 - beta) / (1 - beta**draws)
    weights: NDArray[np.float64] = inverse * draws.sum() / (inverse @ draws)
    return weights
