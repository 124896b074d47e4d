"""The methods of explanation, in the order in which they are shown: a new one is added here."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from dermaflow.data.images.pixel_modes import Pixels
from dermaflow.ml.explanation.lime_maps import explain_with_lime
from dermaflow.ml.explanation.relevance import Attribution, ClassProbability
from dermaflow.ml.explanation.shap_maps import explain_with_shap
from dermaflow.params.explain import ExplainParams

# Probability of the class; the picture, uint8 (H, W, 3), and what stands for its hidden pixels, as
# large; parameters; and a seed of the method's own.
Method = Callable[[ClassProbability, Pixels, Pixels, ExplainParams, int], Attribution]


def _lime(
    probability: ClassProbability, pixels: Pixels, hidden: Pixels, params: ExplainParams, seed: int
) -> Attribution:
    """Superpixels are hidden by their mean colour, so that ``hidden`` is not needed."""
    return explain_with_lime(probability, pixels, params.lime, params.batch_size, seed)


def _shap(
    probability: ClassProbability, pixels: Pixels, hidden: Pixels, params: ExplainParams, seed: int
) -> Attribution:
    return explain_with_shap(probability, pixels, hidden, params.shap, params.batch_size, seed)


METHODS: Mapping[str, Method] = {"lime": _lime, "shap": _shap}
