"""Logits of many images at bounded memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from dermaflow.ml.models.classifier import Classifier
from dermaflow.ml.models.picture_measures import measure_pictures
from dermaflow.ml.runtime import Runtime

# Of (N, C, H, W): as it is, mirrored left to right, mirrored top to bottom, and both: a half turn.
_FLIPS: tuple[list[int], ...] = ([], [3], [2], [2, 3])


class Observation(NamedTuple):
    """What one pass of the network over N images gives.

    Attributes:
        logits: float32 (N, classes), as of ``predict_batch``.
        features: float32 (N, D), what the network's head is given: the pooled last layer.
        measures: of the pixels, float32 (N,) by name; see ``measure_pictures``.
    """

    logits: NDArray[np.float32]
    features: NDArray[np.float32]
    measures: dict[str, NDArray[np.float32]]


def predict_batch(
    classifier: Classifier, pixels: NDArray[np.uint8], runtime: Runtime, views: int
) -> NDArray[np.float32]:
    """Logits, float32 (N, classes), of uint8 images (N, H, W, 3).

    Their mean over the views, not that of the probabilities: so the one temperature that is fitted
    to what comes out here acts on every view alike, as mean(z / T) = mean(z) / T, and what is kept
    of an image stays a row of logits whatever the number of views.

    Args:
        views: 1, 2, 4 or 8; see ``dihedral_views``.

    Raises:
        ValueError: of any other number, or of 8 where the images are not square.
    """
    with torch.inference_mode(), runtime.autocast():
        images = classifier.preprocess.to_input(torch.from_numpy(pixels).to(runtime.device))
        each = [classifier.network(view).float() for view in dihedral_views(images, views)]
        logits: NDArray[np.float32] = torch.stack(each).mean(0).cpu().numpy()
    return logits


def predict(
    classifier: Classifier, batches: Iterable[NDArray[np.uint8]], runtime: Runtime, views: int
) -> NDArray[np.float32]:
    """``predict_batch`` over batches, joined: float32 (N, classes)."""
    parts = [predict_batch(classifier, pixels, runtime, views) for pixels in batches]
    return np.concatenate(parts) if parts else np.empty((0, len(classifier.classes)), np.float32)


def observe_batch(
    classifier: Classifier, pixels: NDArray[np.uint8], runtime: Runtime, views: int
) -> Observation:
    """``predict_batch`` with the features that the logits are made of, in the same pass.

    Logits and features are both means over the views; as the head is linear, the one are still the
    head's answer to the other. No hook catches the features: it would mix up the requests of a
    server that answers several at once.
    """
    *layers, head = classifier.network.children()
    body = nn.Sequential(*layers, nn.Flatten())
    with torch.inference_mode(), runtime.autocast():
        device_pixels = torch.from_numpy(pixels).to(runtime.device)
        images = classifier.preprocess.to_input(device_pixels)
        each = [body(view) for view in dihedral_views(images, views)]
        logits = torch.stack([head(features).float() for features in each]).mean(0)
        features = torch.stack([features.float() for features in each]).mean(0)
        measures = measure_pictures(device_pixels)
    return Observation(
        logits.cpu().numpy(),
        features.cpu().numpy(),
        {name: values.cpu().numpy() for name, values in measures.items()},
    )


def dihedral_views(images: Tensor, count: int) -> Iterator[Tensor]:
    """The images as they are, then mirrored and turned without a pixel being interpolated.

    Args:
        images: (N, C, H, W).
        count: 1, none but the images themselves; 2, and mirrored left to right; 4, and mirrored top
            to bottom, and turned by half; 8, and all four transposed, which are the quarter turns
            and the mirrorings in a diagonal: the whole symmetry of a square.

    Yields:
        ``count`` tensors of the shape of ``images``, channels_last.

    Raises:
        ValueError: of any other count, or of 8 where the images are not square.
    """
    if count not in (1, 2, 4, 8):
        raise ValueError(f"there are 1, 2, 4 or 8 views of an image, not {count}")
    height, width = images.shape[2:]
    if count == 8 and height != width:
        raise ValueError(f"8 views need square images, not {height} x {width} pixels")
    for upright in (images, images.transpose(2, 3)) if count == 8 else (images,):
        for axes in _FLIPS[:count]:
            yield upright.flip(axes).contiguous(memory_format=torch.channels_last)
