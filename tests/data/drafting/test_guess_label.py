"""Where the diagnosis is: under its name, by its words, or in a column for each class."""

import pandas as pd
import pytest

from conf_params import params_of
from dermaflow.data.drafting.guess_label import guess_label
from dermaflow.data.drafting.whole_table import WholeTable
from dermaflow.errors import SourceError

LABELS = params_of("labels", env="base")


def guess(tmp_path, cells, taken=(), chosen=None):
    path = tmp_path / "t.csv"
    frame = pd.DataFrame(cells, dtype=object)
    frame.to_csv(path, index=False)
    return guess_label(WholeTable(path, None, frame, []), frame, taken, LABELS, chosen)


def test_a_name_counts_more_than_words(tmp_path):
    cells = {"risk": ["benign", "melanoma"] * 5, "Diagnose": ["a", "b"] * 5}
    assert guess(tmp_path, cells).columns == ["Diagnose"]


def test_words_will_do_under_any_name_and_others_are_asked_about(tmp_path):
    cells = {"c7": ["Nevus", "Melanoma"] * 5, "c8": ["nv", "mel"] * 5, "c9": ["x", "y"] * 5}
    found = guess(tmp_path, cells)
    assert found.columns == ["c7"]
    assert found.words.tolist() == ["Nevus", "Melanoma"] * 5
    assert "'c8' may be the diagnosis, too" in found.questions[0]
    assert guess(tmp_path, cells, taken=["c7"]).columns == ["c8"]
    assert guess(tmp_path, cells, chosen="c9").columns == ["c9"]


def test_of_several_columns_of_that_name_the_finest_known_one_is_taken(tmp_path):
    cells = {
        "diagnosis_1": ["Benign", "Malignant"] * 6,
        "diagnosis_2": ["Nevus", "Melanoma"] * 6,
        "diagnosis_3": ["Nevus", "Melanoma", "Basal cell carcinoma"] * 4,
    }
    assert guess(tmp_path, cells).columns == ["diagnosis_3"]


def test_a_column_for_each_class_is_one_label(tmp_path):
    cells = {
        "MEL": ["1.0", "0.0", "0.0"] * 3,
        "NV": ["0.0", "1.0", "0.0"] * 3,
        "VASC": ["0.0", "0.0", "1.0"] * 3,
        "itch": ["1.0", "1.0", "0.0"] * 3,
    }
    found = guess(tmp_path, cells)
    assert found.is_one_hot
    assert found.columns == ["MEL", "NV", "VASC"]
    assert found.words.tolist() == ["MEL", "NV", "VASC"] * 3


@pytest.mark.parametrize(
    "cells",
    [
        {"diagnosis": [f"text {n}" for n in range(20)]},  # free text
        {"diagnosis": ["melanoma"] * 20},
        {"x": ["apple", "pear"] * 10},
        {"nv": ["0.3", "0.9"] * 10, "mel": ["0.7", "0.1"] * 10, "bcc": ["0", "0"] * 10},
    ],
)
def test_without_a_likely_column_the_user_is_asked(tmp_path, cells):
    with pytest.raises(SourceError, match=r"t\.csv looks like a diagnosis.*--column label=NAME"):
        guess(tmp_path, cells)
