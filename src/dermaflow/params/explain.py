"""Parameters of explain: which images, and how LIME and SHAP look at them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from dermaflow.params.base import Params, PositiveFloat, PositiveInt


class LimeParams(Params):
    samples: PositiveInt  # perturbed images a picture
    segments: Annotated[int, Field(ge=4, le=1000)]  # superpixels (SLIC)
    compactness: PositiveFloat


class ShapParams(Params):
    evaluations: PositiveInt  # model evaluations a picture (Partition explainer)


class ExplainParams(Params):
    per_class: PositiveInt  # right and wrong predictions shown of each class, each
    batch_size: PositiveInt
    blur: Annotated[float, Field(gt=0, le=1)]  # side of the hiding box / shorter side
    lime: LimeParams
    shap: ShapParams
