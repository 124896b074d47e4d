"""Predictions read from tables, and parts of them."""

import numpy as np
import pandas as pd
import pytest

from dermaflow.errors import ParameterError
from dermaflow.ml.evaluation.predictions import Predictions, read_rows, reported_parts

TABLE = pd.DataFrame(
    {
        "label": ["b", "a", "b"],
        "predicted": ["a", "a", "b"],
        "group_id": ["x", "y", "x"],
        "p_a": np.float32([0.25, 1, 0.5]),
        "p_b": np.float32([0.75, 0, 0.5]),
    }
)


def test_a_table_is_read_by_the_order_of_the_classes():
    found = Predictions.from_table(TABLE, ["b", "a"])
    assert found.classes == ("b", "a")
    assert found.labels.tolist() == [0, 1, 0]
    assert found.probabilities.tolist() == [[0.75, 0.25], [0, 1], [0.5, 0.5]]
    assert found.probabilities.dtype == np.float64
    assert found.predicted.tolist() == [1, 1, 0]
    assert found.most_probable.tolist() == [0, 1, 0]  # the first of equals


def test_indices_are_of_all_classes_where_a_table_lacks_one():
    table = TABLE.assign(p_aa=np.float32(0))
    found = Predictions.from_table(table, ["a", "aa", "b"])
    assert found.labels.tolist() == [2, 0, 2]
    assert found.predicted.tolist() == [0, 0, 2]


@pytest.mark.parametrize("column", ["label", "predicted"])
def test_what_is_no_class_is_refused_by_its_name(column):
    with pytest.raises(KeyError, match="'zz'"):
        Predictions.from_table(TABLE.assign(**{column: ["b", "zz", "a"]}), ["b", "a"])


def test_without_an_answer_the_most_probable_class_is_the_predicted_one():
    table = Predictions.from_table(TABLE, ["b", "a"])
    plain = Predictions(table.classes, table.labels, table.probabilities, table.groups)
    assert plain.predicted.tolist() == [0, 1, 0]


@pytest.mark.parametrize("answered", [True, False])
def test_a_part_keeps_every_column_in_step(answered):
    whole = Predictions.from_table(TABLE, ["b", "a"])
    if not answered:
        whole = Predictions(whole.classes, whole.labels, whole.probabilities, whole.groups)
    part = whole.part(np.array([True, False, True]))
    assert len(part) == 2
    assert part.labels.tolist() == [0, 0]
    assert part.probabilities.tolist() == [[0.75, 0.25], [0.5, 0.5]]
    assert part.groups.tolist() == ["x", "x"]
    assert part.predicted.tolist() == ([1, 0] if answered else [0, 0])


def test_a_group_counts_once_however_many_images_it_has():
    found = Predictions.from_table(TABLE, ["b", "a"])
    assert found.count_groups() == 2
    assert found.count_groups(np.array([True, False, True])) == 1
    assert found.count_groups(np.zeros(3, bool)) == 0


@pytest.mark.parametrize(
    ("classes", "told"), [(["a"], r"a are not .* \(a, b\)"), (["a", "b", "c"], r"a, b, c are not")]
)
def test_rows_of_other_classes_are_refused_with_both_named(classes, told):
    with pytest.raises(ParameterError, match=f"{told}.*run the train and evaluate stages again"):
        read_rows(TABLE, classes)


def test_rows_are_read_whatever_the_order_of_their_columns():
    found = read_rows(TABLE[TABLE.columns[::-1]], ["b", "a"])
    assert found.probabilities.tolist() == [[0.75, 0.25], [0, 1], [0.5, 0.5]]


def test_what_is_reported_is_the_test_split_and_each_external_source_on_its_own():
    table = pd.DataFrame(
        {
            "split": ["val", "test", "external", "external", "test"],
            "source": ["a", "a", "c", "b", "b"],
        }
    )
    found = {name: np.flatnonzero(rows).tolist() for name, rows in reported_parts(table).items()}
    assert found == {"test": [1, 4], "external/b": [3], "external/c": [2]}
    assert list(reported_parts(table[["split"]][:2])) == ["test"]
