"""What columns hold is told by their names and by their values together."""

import pandas as pd
import pytest

from dermaflow.data.drafting.guess_columns import (
    OTHERS,
    doubts_of_names,
    guess_all,
    guess_column,
    guess_groups,
)


def table(**columns):
    return pd.DataFrame({name: pd.Series(cells, dtype=object) for name, cells in columns.items()})


def guess(meaning, cells, name=None):
    return guess_column(meaning, table(**{name or meaning: cells}), ())


def test_words_are_translated_to_those_that_the_base_knows():
    found = guess("sex", ["m", "W", "Divers", "female", None] * 4, "Geschlecht")
    assert found.column == "Geschlecht"
    assert found.values == {"m": "male", "W": "female", "Divers": "other"}
    assert found.questions == ()


def test_a_word_of_another_case_needs_no_translation():
    assert guess("sex", ["MALE", "Female"] * 5).values == {}


def test_a_word_without_a_meaning_is_a_question():
    found = guess("dx_type", ["Histologie", "Verlauf", "Pendel"] * 5)
    assert found.values == {"Histologie": "histo", "Verlauf": "follow_up"}
    (asked,) = found.questions
    assert "'Pendel' (5 rows)" in asked
    assert "not known" in asked


def test_yes_and_no_say_whether_there_was_a_biopsy():
    found = guess("dx_type", ["True", "False"] * 5, "biopsed")
    assert found.values == {"True": "histo", "False": "clinical"}
    assert "'False'" in found.questions[0]
    assert guess("dx_type", ["1.0", "0.0"] * 5, "biopsy").values == {"1": "histo", "0": "clinical"}


def test_a_name_alone_does_not_make_a_column():
    assert guess("age", ["1956", "1970"] * 5) is None
    assert guess("sex", ["apple", "pear"] * 5) is None
    assert guess("skin_tone", ["pale", "dark"] * 5, "skin_type") is None
    doubts = doubts_of_names(table(age=["1956"] * 5, notes=["x"] * 5), ())
    assert len(doubts) == 1
    assert "'age' is called like age, but holds '1956'" in doubts[0]


def test_an_age_may_have_a_unit():
    assert "10 of 10" in guess("age", ["45 years", "018M"] * 5).evidence


def test_ages_that_are_none_are_told():
    found = guess("age", ["30"] * 9 + ["999"])
    assert "9 of 10" in found.evidence
    assert "'999'" in found.evidence


def test_sex_is_known_by_its_words_under_any_name_but_asked_about():
    found = guess("sex", ["m", "w"] * 5, "G")
    assert found.column == "G"
    assert "by the column's words alone" in found.questions[-1]
    assert guess("age", ["30", "40"] * 5, "n") is None
    assert guess("sex", ["m"] * 5, "unit") is None


def test_skin_tones_that_a_spreadsheet_wrote_become_whole_numbers():
    assert guess("skin_tone", ["1.0", "6.0"] * 5, "fitspatrick").values == {"1": "1", "6": "6"}
    assert guess("skin_tone", ["I", "VI"] * 5, "Hauttyp").values == {}


def test_the_column_that_fits_best_is_taken_and_the_others_are_asked_about():
    found = guess_column("age", table(age=["x", "30"] * 5, Alter=["20", "30"] * 5), ())
    assert found.column == "Alter"
    assert "'age' may be age as well" in found.questions[0]


def test_a_column_is_taken_once_and_what_the_user_says_counts():
    cells = table(patient_id=["1", "2"] * 5, a=["m", "w"] * 5, sex=["m", "w"] * 5)
    found = guess_all(OTHERS, cells, ("sex",), {"sex": "a"})
    assert [(guess.meaning, guess.column) for guess in found] == [("sex", "a")]
    assert guess_all(["patient_id"], cells, ("patient_id",), {}) == []


@pytest.mark.parametrize("meaning", ["lesion_id", "age", "sex", "localization", "skin_tone"])
def test_a_column_that_the_user_names_and_that_holds_nothing_is_asked_about(meaning):
    (found,) = guess_all([meaning], table(x=[None] * 3), (), {meaning: "x"})
    assert found.column == "x"
    assert "holds nothing" in found.questions[0]


def test_lesions_are_counted_as_the_table_numbers_them():
    cells = table(patient_id=["P1", "P2", "P3"], lesion_id=["L1", "L1", "L2"])
    assert [guess.evidence for guess in guess_groups(cells, (), {})] == [
        "3 values, the most frequent in 1 row",
        "2 values, the most frequent in 2 rows",
    ]


@pytest.mark.parametrize(("patients", "is_lesion"), [(True, True), (False, False)])
def test_lesions_that_each_patient_numbers_anew_are_judged_with_their_patients(patients, is_lesion):
    columns = {"lesion": ["1", "2"] * 60}
    columns |= {"patient": [f"P{n // 2}" for n in range(120)]} if patients else {}
    found = guess_groups(table(**columns), (), {})
    assert ("lesion" in [guess.column for guess in found]) == is_lesion


def test_a_column_of_few_values_numbers_no_patients():
    assert guess_groups(table(patient=["in", "out"] * 60), (), {}) == []
    (found,) = guess_groups(table(patient=["same"] * 30), (), {})
    assert "same in all rows" in found.questions[0]


def test_a_case_is_asked_about_where_it_holds_rows_together():
    cells = table(case=["1", "1", "2"], fall=["1", "2", "3"])
    assert [text[:13] for text in doubts_of_names(cells, ())] == ["column 'case'"]
