"""Made-up rivals: they disagree as much as asked, and are as good or as much worse as asked."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from dermaflow_bench.simulated_rivals import Model, class_aucs, disagreement_of, make_rivals
from made_model import CLASSES, make_model

MODEL = make_model()


def test_an_auc_is_the_chance_that_one_of_the_class_outscores_another():
    predictions = MODEL.predictions()
    expected = [
        roc_auc_score(MODEL.labels == number, predictions.probabilities[:, number])
        for number in range(3)
    ]
    np.testing.assert_allclose(class_aucs(predictions), expected)


@pytest.mark.parametrize("worse", [np.zeros(3), np.array([0.0, 0.05, 0.0])])
def test_rivals_disagree_and_are_worse_by_what_was_asked_on_average(worse):
    rivals = make_rivals(MODEL, 0.15, worse, seed=1)
    own = MODEL.predictions()
    drawn = [rivals.draw(np.random.default_rng(1000 + number)) for number in range(100)]
    differences = np.array([class_aucs(one) for one in drawn]) - class_aucs(own)
    error = differences.std(0) / np.sqrt(100) + differences.std(0) / np.sqrt(60)
    np.testing.assert_array_less(np.abs(differences.mean(0) + worse), 4 * error)
    assert np.mean([disagreement_of(own, one) for one in drawn]) == pytest.approx(0.15, abs=0.02)


def test_images_of_a_lesion_share_their_noise():
    noise = make_rivals(MODEL, 0.15, np.zeros(3), seed=1).draw(np.random.default_rng(0))
    moved = np.log(noise.probabilities) - np.log(MODEL.predictions().probabilities)
    apart = moved - moved[:, :1]  # a constant of an image's logits changes nothing
    np.testing.assert_allclose(apart[::2], apart[1::2], atol=1e-9)


def test_a_class_without_an_image_has_no_auc():
    empty = Model(CLASSES, MODEL.logits, MODEL.labels * 0, MODEL.groups)
    with pytest.raises(ValueError, match="a class has no image"):
        class_aucs(empty.predictions())
