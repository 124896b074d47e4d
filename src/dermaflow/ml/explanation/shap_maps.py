"""SHAP for images: Owen values of a partition tree (Lundberg & Lee 2017, arXiv:1705.07874)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from shap import PartitionExplainer
from shap.maskers import Image

from dermaflow.data.images.pixel_modes import Pixels
from dermaflow.ml.explanation.relevance import Attribution, ClassProbability
from dermaflow.params.explain import ShapParams


class HidingMasker(Image):  # type: ignore[misc]
    """The library's masker, which builds its tree of rectangles once for all images of a shape."""

    def build_partition_tree(self) -> None:
        """Set ``clustering``, float64 (leaves - 1, 4)."""
        self.clustering = _partition_tree(self.input_shape)


@lru_cache(maxsize=4)
def _partition_tree(shape: tuple[int, int, int]) -> NDArray[np.float64]:
    clustering: NDArray[np.float64] = Image(np.zeros(shape, np.uint8)).clustering
    return clustering


def explain_with_shap(
    probability: ClassProbability,
    pixels: Pixels,
    hidden: Pixels,
    params: ShapParams,
    batch_size: int,
    seed: int,
) -> Attribution:
    """Relevance of ever smaller rectangles, refined where the probability depends on them most.

    The map adds up to p(image) - p(hidden).

    Args:
        pixels, hidden: uint8 (H, W, 3), the image and what stands for its hidden pixels.
        seed: of the order among equally promising rectangles; equal seeds give equal bits.

    Returns:
        The map, with ``base`` among the notes: p(hidden).
    """
    # An array as mask value: the masker's own blur and inpainting need OpenCV.
    explainer = PartitionExplainer(probability, HidingMasker(hidden))
    with _seeded_global_numpy(seed):
        explanation = explainer(
            pixels[None], max_evals=params.evaluations, batch_size=batch_size, silent=True
        )
    values = explanation.values[0]  # (H, W, 3)
    base = float(np.asarray(explanation.base_values).item())
    return Attribution(values.sum(axis=2).astype(np.float32), {"base": base})


@contextmanager
def _seeded_global_numpy(seed: int) -> Iterator[None]:
    """Seed numpy's global generator, with which shap breaks ties, and give it back as it was."""
    state = np.random.get_state()  # noqa: NPY002
    np.random.seed(seed)  # noqa: NPY002
    try:
        yield
    finally:
        np.random.set_state(state)  # noqa: NPY002
