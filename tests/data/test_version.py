"""Results of different data are told apart."""

import pandas as pd
import pytest

from dermaflow.data.version import data_version, require_same_data
from dermaflow.errors import ValidationError


def manifest():
    return pd.DataFrame(
        {
            "image_id": ["a", "b"],
            "sha256": ["0" * 64, "1" * 64],
            "label": ["mel", "nv"],
            "group_id": ["g", "h"],
            "split": ["train", "test"],
            "fold": [1, 2],
            "age": [50.0, None],
        }
    )


def test_the_order_of_rows_means_nothing():
    assert data_version(manifest()) == data_version(manifest()[::-1])


@pytest.mark.parametrize(
    ("column", "value"),
    [("sha256", "2" * 64), ("label", "df"), ("split", "val"), ("group_id", "k"), ("fold", 3)],
)
def test_what_decides_a_training_changes_the_version(column, value):
    changed = manifest()
    changed.loc[0, column] = value
    assert data_version(changed) != data_version(manifest())


def test_results_of_other_data_are_refused():
    table = manifest().assign(data_version="abc")
    require_same_data("abc", table, "classifier", "train")
    for other in ("abd", None):
        with pytest.raises(ValidationError, match=r"classifier was made .*run the train stage"):
            require_same_data(other, table, "classifier", "train")
