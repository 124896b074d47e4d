"""Each method gets what is its own of the parameters that all share."""

import numpy as np
import pytest

from conf_params import params_of
from dermaflow.ml.explanation.methods import METHODS
from ml.explanation.pictures import linear_in_square

EXPLAIN = params_of(
    "explain",
    {"batch_size": 8, "lime.samples": 20, "lime.segments": 9, "shap.evaluations": 32},
)

pytestmark = pytest.mark.usefixtures("compiled_shap")


class Counted:
    """A probability that notes how many pictures it is asked about at a time."""

    def __init__(self):
        self.sizes = []

    def __call__(self, pixels):
        self.sizes.append(len(pixels))
        return linear_in_square(pixels)


def explain(name, picture, hidden, probability=linear_in_square):
    return METHODS[name](probability, picture, hidden, EXPLAIN, 3).relevance


@pytest.fixture
def white(picture):
    return np.full_like(picture, 255)


def test_methods_are_shown_in_this_order():
    assert list(METHODS) == ["lime", "shap"]


def test_lime_hides_by_mean_colours_whatever_is_given(picture, white):
    np.testing.assert_array_equal(
        explain("lime", picture, white), explain("lime", picture, np.zeros_like(picture))
    )


def test_shap_hides_by_what_is_given(picture, white):
    image, base = linear_in_square(np.stack([picture, white]))
    assert explain("shap", picture, white).sum() == pytest.approx(image - base, abs=1e-5)


def test_each_method_asks_as_often_as_its_own_parameters_say(picture, white):
    lime, shap = Counted(), Counted()
    explain("lime", picture, white, lime)
    assert lime.sizes == [8, 8, 4]
    explain("shap", picture, white, shap)
    # The library finishes what it has begun; beside its budget it asks for both ends.
    assert 32 <= sum(shap.sizes) <= 32 + 8
    assert max(shap.sizes) <= 8
