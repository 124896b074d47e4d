"""A batch against a reference, feature by feature, with distances and p-values by hand."""

import numpy as np
import pandas as pd
import pytest

from dermaflow.data.drift.appearance import EMBEDDING_LENGTH
from dermaflow.data.drift.compare_profiles import (
    align_categories,
    category_names,
    compare_profiles,
)
from dermaflow.data.drift.drift_features import CATEGORIES, DRIFT_COLUMNS, EMBEDDING, NUMBERS
from dermaflow.data.drift.profile import Categories, build_profile

SIZE = (48, 64)
ALIKE = {"label": "nv", "sex": "male", "localization": "back"} | dict.fromkeys(NUMBERS, 1.0)


def profile(count, embedding=((0.0, 0.0),), **columns):
    """A profile of ``count`` pictures that are alike but for columns and two embedded numbers."""
    rows = pd.DataFrame(ALIKE, index=range(count)).assign(**columns)
    embeddings = np.zeros((count, EMBEDDING_LENGTH), np.float32)
    embeddings[:, :2] = embedding
    return build_profile(rows, embeddings, count, SIZE, count, np.random.default_rng(0))


def compare(reference, batch, permutations=99):
    table = compare_profiles("b", reference, batch, permutations, np.random.default_rng(1))
    return table.set_index("feature")


def test_each_feature_has_a_row_and_equal_sets_differ_in_none():
    table = compare_profiles("b", profile(9), profile(4), 9, np.random.default_rng(1))
    assert tuple(table.columns) == DRIFT_COLUMNS
    assert table["feature"].tolist() == [*CATEGORIES, *NUMBERS, EMBEDDING]
    assert set(table["batch"]) == {"b"}
    assert set(table["images"]) == {4}
    assert (table["value"] == 0).all()
    assert (table[["p_value", "p_adjusted"]] == 1).all(axis=None)


def test_a_p_value_is_adjusted_for_all_features_together():
    table = compare(profile(50), profile(50, label="mel"))
    # No deal of 99 is as far apart; ten features are compared, and the others tell no difference.
    assert table.loc["label", ["value", "p_value"]].tolist() == pytest.approx([1, 0.01])
    assert table["p_adjusted"].to_dict() == pytest.approx(
        dict.fromkeys(table.index, 1.0) | {"label": 10 * 0.01}
    )


def test_a_feature_of_which_nothing_is_known_is_not_among_those_adjusted_for():
    table = compare(profile(50, sex=None), profile(50, label="mel"))
    assert table.loc["sex", ["value", "p_value", "p_adjusted"]].isna().all()
    assert table.loc["label", "p_adjusted"] == pytest.approx(9 * 0.01)


def test_equal_p_values_are_adjusted_by_their_last_rank():
    table = compare(profile(50), profile(50, label="mel", sex="female", age=80.0))
    drifted = table.loc[["label", "sex", "age"]]
    assert drifted["p_value"].tolist() == pytest.approx([0.01] * 3)
    assert drifted["p_adjusted"].tolist() == pytest.approx([0.01 * 10 / 3] * 3)


def test_the_distance_of_numbers_is_in_deviations_of_the_reference_and_not_of_the_batch():
    wide, narrow = [20.0, 60.0] * 20, [60.0] * 40  # a deviation of 20, and of none
    assert compare(profile(40, age=wide), profile(40, age=narrow)).loc["age", "value"] == 1
    # Without a deviation the unit is the width of a bin, a year.
    assert compare(profile(40, age=narrow), profile(40, age=wide)).loc["age", "value"] == 20


def test_the_missing_are_a_share_of_the_batch_and_told_beside_the_reference():
    reference = profile(10, age=[None] * 1 + [30.0] * 9, sex=None)
    table = compare(reference, profile(4, age=[None, None, None, 30.0], localization=None))
    figures = table[["images", "missing_share", "missing_excess"]]
    assert figures.loc["age"].tolist() == pytest.approx([1, 0.75, 0.65])
    assert figures.loc["sex"].tolist() == [4, 0, -1]
    assert figures.loc["localization"].tolist() == [0, 1, 1]
    assert figures.loc[EMBEDDING].tolist() == [4, 0, 0]


def test_embeddings_are_measured_in_deviations_of_the_reference():
    """Else a number that is small everywhere would never count beside a large one."""
    reference = profile(4, [(-0.01, -10), (-0.01, 10), (0.01, -10), (0.01, 10)])
    batch = profile(2, [(0.03, -10), (0.03, 10)])
    # In deviations a square with sides of 2 about the origin, and two points at 3 across.
    across = (4 + np.sqrt(20) + 2 + np.sqrt(8)) / 4
    within = (0 + 2 + 2 + np.sqrt(8)) / 4 + (0 + 2) / 2
    expected = np.sqrt((2 * across - within) / (2 * across))
    assert compare(reference, batch).loc[EMBEDDING, "value"] == pytest.approx(expected)


def test_categories_stand_by_frequency_in_the_reference_and_ties_by_name():
    reference = Categories(counts={"a": 1, "c": 7, "d": 1}, missing=0)
    batch = Categories(counts={"b": 9, "c": 2}, missing=0)
    assert category_names(reference, batch) == ["c", "a", "d", "b"]
    first, second = align_categories(reference, batch)
    assert (first.tolist(), second.tolist()) == ([7, 1, 1, 0], [2, 0, 0, 9])
