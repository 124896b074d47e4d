"""LIME for images: Ribeiro et al. 2016, arXiv:1602.04938, by the ``lime`` library."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from lime.lime_image import LimeImageExplainer
from numpy.typing import NDArray
from skimage.segmentation import slic

from dermaflow.data.images.pixel_modes import Pixels
from dermaflow.ml.explanation.relevance import Attribution, ClassProbability
from dermaflow.params.explain import LimeParams

_Scores = Callable[[Pixels], NDArray[np.float32]]


class VectorisedLime(LimeImageExplainer):  # type: ignore[misc]
    """The library's explainer without its progress bar and its loop over samples and superpixels.

    Draws, pictures and results are the library's, bit for bit.
    """

    def data_labels(
        self,
        image: Pixels,
        fudged_image: Pixels,
        segments: NDArray[np.int64],
        classifier_fn: _Scores,
        num_samples: int,
        batch_size: int = 10,
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Score pictures in which half of the superpixels, drawn at random, are hidden.

        Args:
            image, fudged_image: (H, W, 3), the picture with all superpixels shown and hidden.
            segments: (H, W), superpixels numbered from 0 without a gap.

        Returns:
            Which superpixels are shown, 0 or 1 (samples, superpixels), all in the first row; and
            the scores (samples, classes).
        """
        superpixels = int(segments.max()) + 1
        shown = self.random_state.randint(0, 2, num_samples * superpixels)
        shown = shown.reshape(num_samples, superpixels)
        shown[0] = 1
        scores = []
        for start in range(0, num_samples, batch_size):
            # `take`, unlike indexing, gives C order, and with it pictures that are channels_last.
            visible = shown[start : start + batch_size].take(segments, axis=1) == 1  # (N, H, W)
            scores.append(classifier_fn(np.where(visible[..., None], image, fudged_image)))
        return shown, np.concatenate(scores)


def explain_with_lime(
    probability: ClassProbability, pixels: Pixels, params: LimeParams, batch_size: int, seed: int
) -> Attribution:
    """Relevance of SLIC superpixels: weights of a linear stand-in, fitted near the image.

    A superpixel is hidden by its mean colour. Its weight is the change of probability that showing
    it brings, and is spread evenly over its pixels.

    Args:
        pixels: uint8 (H, W, 3).
        seed: of the samples; equal seeds give equal bits.

    Returns:
        The map, with ``fit`` among the notes: the stand-in's weighted R² on the samples (≤ 1).
    """
    superpixels = slic(
        pixels,
        n_segments=params.segments,
        compactness=params.compactness,
        sigma=1,  # pixels; without it grain breaks superpixels up, and SLIC then merges them all
        start_label=0,  # where the library counts from; SLIC would start at 1
    )
    # `explain_instance(random_seed=...)` would reach the segmentation only.
    explainer = VectorisedLime(random_state=seed)
    explanation = explainer.explain_instance(
        pixels,
        lambda batch: probability(batch)[:, None],
        labels=(0,),
        top_labels=None,
        num_samples=params.samples,
        batch_size=batch_size,
        segmentation_fn=lambda _: superpixels,
    )
    area = np.bincount(superpixels.ravel())
    weights = np.zeros(len(area))
    for superpixel, weight in explanation.local_exp[0]:
        weights[superpixel] = weight
    relevance = (weights / area)[superpixels].astype(np.float32)
    return Attribution(relevance, {"fit": float(explanation.score)})
