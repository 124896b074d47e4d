"""Which test images are explained."""

import numpy as np
import pandas as pd
import pytest

from dermaflow.ml.explanation.choose_images import choose_images
from ml.explanation.predictions import CLASSES, explain_params, prediction


def test_the_median_of_each_kind_is_chosen_from_the_test_split():
    rows = [prediction(f"r{k}", "bcc", "bcc", 0.6 + k / 20) for k in range(5)]
    rows += [prediction("w", "bcc", "mel", 0.9), prediction("m", "mel", "mel", 0.7)]
    rows += [prediction(f"v{k}", "mel", "bcc", 0.99, split="val") for k in range(3)]
    chosen = choose_images(pd.DataFrame(rows), explain_params(), CLASSES)
    assert chosen["image_id"].tolist() == ["r2", "w", "m"]
    assert chosen["outcome"].tolist() == ["right", "wrong", "right"]
    np.testing.assert_allclose(chosen["probability"], [0.7, 0.9, 0.7])


def test_the_probability_is_of_what_was_predicted_which_need_not_be_most_probable():
    chosen = choose_images(
        pd.DataFrame([prediction("a", "mel", "mel", 0.3)]), explain_params(), CLASSES
    )
    assert chosen[["predicted", "probability"]].values.tolist() == [["mel", pytest.approx(0.3)]]


def test_choice_does_not_depend_on_the_order_of_rows():
    rows = pd.DataFrame([prediction(f"i{k}", "bcc", "bcc", 0.75) for k in range(9)])
    chosen = choose_images(rows, explain_params(3), CLASSES)
    mixed = choose_images(rows.sample(frac=1, random_state=3), explain_params(3), CLASSES)
    pd.testing.assert_frame_equal(chosen, mixed)
    assert chosen["image_id"].is_unique
    assert len(chosen) == 3


def test_a_group_is_shown_once_and_as_the_rarer_kind():
    rows = [
        prediction("a1", "bcc", "bcc", 0.8, "lesion a"),
        prediction("a2", "bcc", "mel", 0.6, "lesion a"),
        prediction("b1", "mel", "mel", 0.8, "lesion b"),
        prediction("b2", "mel", "mel", 0.9, "lesion b"),
    ]
    chosen = choose_images(pd.DataFrame(rows), explain_params(4), CLASSES)
    assert chosen["image_id"].tolist() == ["a2", "b1"]
