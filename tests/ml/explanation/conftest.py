"""What methods of explanation are tried on."""

import numpy as np
import pytest

from conf_params import params_of
from dermaflow.data.images.preprocess import Preprocess
from dermaflow.ml.evaluation.decision_rule import DecisionRule
from dermaflow.ml.explanation.relevance import class_probability
from dermaflow.ml.explanation.shap_maps import explain_with_shap
from dermaflow.ml.models.classifier import Classifier
from dermaflow.ml.runtime import detect_runtime
from ml.explanation.pictures import SIDE, SQUARE, ContrastInSquare, linear_in_square


@pytest.fixture(scope="session")
def inside():
    """Where the square is."""
    mask = np.zeros((SIDE, SIDE), bool)
    mask[SQUARE] = True
    return mask


@pytest.fixture(scope="session")
def picture(inside):
    """Grained ground with a square of another colour, which superpixels can follow."""
    grain = np.random.default_rng(0).integers(-30, 31, (SIDE, SIDE, 3))
    colour = np.where(inside[..., None], [200, 60, 60], [90, 140, 170])
    return (colour + grain).astype(np.uint8)


@pytest.fixture(scope="session")
def contrast():
    """A classifier that looks at the square alone."""
    return Classifier(ContrastInSquare(), Preprocess(height=SIDE, width=SIDE), ("contrast", "none"))


@pytest.fixture(scope="session")
def contrast_probability(contrast):
    """Of its first class."""
    return class_probability(contrast, DecisionRule(), "contrast", detect_runtime("fp32"), 64)


@pytest.fixture(scope="session")
def compiled_shap(picture):
    """The library compiles its loops at their first call, which takes some seconds."""
    few = params_of("explain", {"shap.evaluations": 4}).shap
    explain_with_shap(linear_in_square, picture, np.zeros_like(picture), few, 4, seed=1)
