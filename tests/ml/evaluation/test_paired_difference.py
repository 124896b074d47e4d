"""Paired differences: closed forms, and what pairing is for."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from pandas.errors import MergeError

from dermaflow.ml.evaluation.bootstrap import percentile_intervals
from dermaflow.ml.evaluation.estimate import Estimate
from dermaflow.ml.evaluation.metrics import score
from dermaflow.ml.evaluation.paired_difference import (
    Pairing,
    Resampling,
    join_groups,
    pair_predictions,
    paired_differences,
)
from dermaflow.ml.evaluation.predictions import Predictions

CLASSES = ("bcc", "mel", "nv")
RESAMPLING = Resampling(samples=1000, confidence=0.95, seed=17)


def make_table(images: int = 240, seed: int = 0) -> pd.DataFrame:
    """Predictions better than chance, two images a group."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(rng.choice(3, images // 2), 2)
    logits = rng.normal(size=(images, 3)) + 1.5 * np.eye(3)[labels]
    probabilities = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    table = pd.DataFrame(probabilities, columns=[f"p_{code}" for code in CLASSES])
    table["image_id"] = [f"i{number}" for number in range(images)]
    table["group_id"] = [f"g{number // 2}" for number in range(images)]
    table["label"] = np.array(CLASSES, dtype=object)[labels]
    return answered(table)


def answered(table: pd.DataFrame) -> pd.DataFrame:
    """With the most probable classes."""
    best = table[[f"p_{code}" for code in CLASSES]].to_numpy().argmax(1)
    return table.assign(predicted=np.array(CLASSES, dtype=object)[best])


def certain(labels: np.ndarray, predicted: np.ndarray, groups: np.ndarray) -> Predictions:
    return Predictions(CLASSES, labels, np.eye(3)[predicted], groups)


def test_a_run_against_itself_differs_by_exactly_nothing():
    table = make_table()
    differences = paired_differences(pair_predictions(table, table, CLASSES), RESAMPLING)
    assert {"accuracy", "balanced_accuracy", "macro_auc", "mel/f1", "log_loss"} <= set(differences)
    assert {(e.value, e.interval) for e in differences.values()} == {(0.0, None)}
    assert all(estimate.not_estimable for estimate in differences.values())
    assert not differences["accuracy"].excludes_zero


def test_two_runs_that_are_both_always_right_are_not_said_to_be_equal_for_sure():
    """Of ten melanomas all resamples differ by nothing; ten more lesions may well differ."""
    labels = np.arange(30) % 3
    groups = np.arange(30).astype(str)
    first = certain(labels, labels, groups)
    other = certain(labels, np.where(labels == 2, 0, labels), groups)
    found = paired_differences(Pairing(first, other, 0), replace(RESAMPLING, least=10))
    for name, difference in (("mel/recall", 0.0), ("nv/recall", -1.0)):
        assert found[name] == Estimate(difference, groups=10, not_estimable=True), name
    assert found["accuracy"].interval is not None
    few = paired_differences(Pairing(first, other, 0), replace(RESAMPLING, least=11))
    assert few["mel/recall"].groups_needed == 11
    assert not few["accuracy"].insufficient


def test_right_on_k_more_groups_is_the_known_difference_with_the_binomial_interval():
    groups_in_all, more, size = 200, 20, 3
    labels = np.repeat(np.arange(groups_in_all) % 3, size)
    groups = np.repeat(np.arange(groups_in_all), size).astype(str)
    wrong = np.repeat(np.arange(groups_in_all) < 60, size)
    mended = np.repeat(np.arange(groups_in_all) < more, size)
    first = certain(labels, np.where(wrong, (labels + 1) % 3, labels), groups)
    other = certain(labels, np.where(wrong & ~mended, (labels + 1) % 3, labels), groups)
    found = paired_differences(Pairing(first, other, 0), RESAMPLING)["accuracy"]
    share = more / groups_in_all
    assert found.value == pytest.approx(share)
    half = 1.96 * np.sqrt(share * (1 - share) / groups_in_all)  # not divided by the group's size
    assert found.low == pytest.approx(share - half, abs=0.2 * half)
    assert found.high == pytest.approx(share + half, abs=0.2 * half)
    assert found.excludes_zero


def test_the_other_way_round_is_the_negative():
    pairing = pair_predictions(make_table(seed=0), make_table(seed=0).sample(frac=1), CLASSES)
    turned = pairing.other.probabilities[:, [1, 2, 0]]
    worse = replace(pairing.other, probabilities=turned, called=None)
    there = paired_differences(Pairing(pairing.first, worse, 0), RESAMPLING)
    back = paired_differences(Pairing(worse, pairing.first, 0), RESAMPLING)
    for name, estimate in there.items():
        reverse = back[name]
        ends = (-reverse.value, -reverse.high, -reverse.low)
        assert (estimate.value, estimate.low, estimate.high) == pytest.approx(ends), name


def test_pairing_gives_a_narrower_interval_than_two_resamplings():
    table = make_table()
    changed = table.copy()
    columns = [f"p_{code}" for code in CLASSES]
    changed.loc[:19, columns] = changed.loc[:19, columns].to_numpy()[:, [1, 2, 0]]
    pairing = pair_predictions(table, answered(changed), CLASSES)
    paired = paired_differences(pairing, RESAMPLING)["accuracy"]

    separate = []
    for seed, predictions in enumerate((pairing.first, pairing.other)):
        interval = percentile_intervals(
            lambda weights, p=predictions: score(p, weights, 1, {}),
            predictions.groups,
            1000,
            0.95,
            np.random.default_rng(seed),
        )["accuracy"]
        separate.append(interval[1] - interval[0])
    assert paired.high - paired.low < 0.7 * np.hypot(*separate)


def test_without_resampling_there_is_a_difference_but_no_interval():
    pairing = pair_predictions(make_table(seed=0), make_table(seed=0), CLASSES)
    for resampling in (None, replace(RESAMPLING, samples=0)):
        estimate = paired_differences(pairing, resampling)["accuracy"]
        assert (estimate.value, estimate.interval) == (0.0, None)


def test_a_difference_says_how_many_groups_either_run_shows_it_by():
    labels = np.array([0, 0, 1, 1, 2, 2])
    groups = np.array(["a", "b", "c", "d", "e", "e"])
    first = certain(labels, np.array([0, 1, 1, 1, 2, 2]), groups)
    other = certain(labels, np.array([0, 0, 1, 2, 2, 2]), groups)
    found = paired_differences(Pairing(first, other, 0), None)
    assert found["accuracy"].groups == 5
    assert found["mel/recall"].groups == 2
    assert found["mel/auc"].groups == 2
    assert found["mel/precision"].groups == 3  # one run calls b, c and d melanoma, the other c


def test_one_group_has_no_interval_since_all_its_resamples_are_alike():
    first = make_table().assign(group_id="g")
    other = answered(first.assign(p_mel=first["p_nv"], p_nv=first["p_mel"]))
    estimate = paired_differences(pair_predictions(first, other, CLASSES), RESAMPLING)["accuracy"]
    assert estimate.value != 0
    assert estimate.not_estimable
    assert not estimate.excludes_zero


def test_only_images_of_both_with_equal_labels_are_paired_whatever_their_order():
    first, other = make_table(), make_table()
    first = first.iloc[10:]
    other.loc[20, "label"] = "bcc" if other.loc[20, "label"] != "bcc" else "nv"
    other = other.iloc[:100].sample(frac=1, random_state=0)[list(reversed(other.columns))]
    pairing = pair_predictions(first, other, CLASSES)
    assert len(pairing.first) == 89
    assert pairing.relabelled == 1
    np.testing.assert_array_equal(pairing.first.probabilities, pairing.other.probabilities)
    np.testing.assert_array_equal(pairing.first.labels, pairing.other.labels)


def test_an_image_listed_twice_is_refused():
    table = make_table()
    with pytest.raises(MergeError):
        pair_predictions(table, pd.concat([table, table.iloc[:1]]), CLASSES)


def test_images_that_either_run_ties_are_of_one_group():
    first = np.array(["a", "a", "b", "c", "d"])
    other = np.array(["x", "y", "y", "z", "w"])
    joined = join_groups(first, other)
    assert joined[0] == joined[1] == joined[2]
    assert len(set(joined)) == 3
