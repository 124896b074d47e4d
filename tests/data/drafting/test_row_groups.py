"""Rows are grouped as the split will group them."""

import pandas as pd

from dermaflow.data.drafting.guess_columns import ColumnGuess
from dermaflow.data.drafting.row_groups import find_row_groups


def group(missing=(), **columns):
    cells = pd.DataFrame(columns, dtype=object)
    cells["id"] = [f"i{n}" for n in range(len(cells))]
    files = pd.Series([None if n in missing else f"{n}.jpg" for n in range(len(cells))])
    guesses = [ColumnGuess(name, name, "") for name in columns]
    return find_row_groups(cells, [ColumnGuess("image_id", "id", ""), *guesses], files)


def test_lesions_of_a_patient_and_images_of_a_lesion_are_one_group():
    found = group(patient_id=["P1", "P1", "P2", None], lesion_id=["a", "b", "c", "c"])
    assert found.groups.nunique() == 2
    assert found.questions == []
    assert found.within_patient is None


def test_without_ids_each_image_is_a_group_and_that_is_asked_about():
    found = group(age=["1", "2", "3"])
    assert found.groups.nunique() == 3
    assert "the figures are better than the truth" in found.questions[0]


def test_rows_without_an_image_are_no_group_and_rows_without_ids_are_missing():
    found = group([0], patient_id=["P1", "P2", None, "P3"])
    assert found.groups.isna().tolist() == [False, True, False]
    assert list(found.groups.index) == [1, 2, 3]
    assert "1 row without lesion and patient" in found.questions[0]


def test_lesions_numbered_anew_for_each_patient_are_told():
    found = group(patient_id=["P1", "P1", "P2", "P2"], lesion_id=["1", "2", "1", "2"])
    assert found.within_patient == "2 of 2 lesion ids are of several patients"
    assert found.groups.nunique() == 2


def test_a_single_id_of_two_patients_is_a_question():
    lesions = ["1", *[f"l{n}" for n in range(8)], "1"]
    found = group(patient_id=[f"P{n}" for n in range(10)], lesion_id=lesions)
    assert found.within_patient is None
    assert "1 of 9 lesion ids are of several patients, such as '1'" in found.questions[0]
    assert found.groups.nunique() == 9


def test_ids_that_a_spreadsheet_gave_a_point_are_those_without():
    assert group(patient_id=["1000.0", "1001.0"], lesion_id=["1", "2"]).groups.nunique() == 2
