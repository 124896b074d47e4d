"""A table in somebody's own words becomes the records that ingest expects."""

import numpy as np
import pandas as pd
import pytest

from conf_params import params_of
from dermaflow.data.sources.source_records import read_records
from dermaflow.errors import SourceError
from dermaflow.schema import SOURCE_COLUMNS

UNKNOWN = params_of("ingest").unknown

COLUMNS = {"image_id": "ID", "label": "Diagnosis", "age": "Age", "sex": "Sex"}


@pytest.fixture
def read(tmp_path):
    """Read a table of text, or a frame by way of Parquet."""

    def read_table(table, columns=COLUMNS, licence="internal", optional=None):
        if isinstance(table, str):
            path = tmp_path / "list.csv"
            path.write_text(table)
        else:
            path = tmp_path / "list.parquet"
            table.to_parquet(path)
        return read_records(
            path,
            columns,
            licence=licence,
            key="clinic.columns",
            unknown=UNKNOWN,
            optional=optional,
        )

    return read_table


def test_described_columns_are_there_and_all_others_are_missing(read):
    records = read("Sex,ID,Diagnosis,Age,Doctor\nmale,1,nv,40,kim\nfemale,2,mel,50,kim\n")
    assert tuple(records.columns) == SOURCE_COLUMNS
    assert records.index.tolist() == [0, 1]
    told = records[["image_id", "label", "age", "sex"]]
    assert told.to_numpy().tolist() == [["1", "nv", 40.0, "male"], ["2", "mel", 50.0, "female"]]
    assert records["age"].dtype == np.float64
    others = [name for name in SOURCE_COLUMNS if name not in (*COLUMNS, "licence")]
    assert records[others].isna().all(axis=None)
    assert records["licence"].tolist() == ["internal"] * 2


def test_a_licence_of_the_row_goes_before_that_of_all(read):
    table = "ID,Diagnosis,Age,Sex,Rights\n1,nv,40,,CC-0\n2,nv,40,,\n"
    columns = COLUMNS | {"licence": "Rights"}
    assert read(table, columns)["licence"].tolist() == ["CC-0", "internal"]
    assert read(table, columns, licence=None)["licence"].tolist() == ["CC-0", None]


@pytest.mark.parametrize("word", ["", " ", "-", "?", "NA", "n/a", "NaN", "None", "NULL", "Unknown"])
def test_words_for_unknown_are_missing_but_are_values_in_labels(read, word):
    records = read(f"ID,Diagnosis,Age,Sex\n{word},{word},{word},{word}\n0,nv,1,x\n")
    assert pd.isna(records["age"][0])
    assert records["sex"][0] is None
    assert records["image_id"][0] is None
    assert records["label"][0] == (word.strip() or None)


@pytest.mark.parametrize("header", ["Lesion_ID", "lesion id", " LESION-ID "])
def test_a_column_is_found_however_its_name_is_written(read, caplog, header):
    table = f"ID,Diagnosis,Age,Sex,{header}\n1,nv,40,,l1\n"
    assert read(table, COLUMNS | {"lesion_id": "lesion_id"})["lesion_id"].tolist() == ["l1"]
    assert read(table, optional={"lesion_id": "lesion_id"})["lesion_id"].tolist() == ["l1"]
    assert not caplog.messages


def test_a_column_of_the_very_name_goes_before_one_that_looks_like_it(read):
    table = "ID,Diagnosis,Age,Sex,SEX\n1,nv,40,male,female\n"
    assert read(table)["sex"].tolist() == ["male"]


@pytest.mark.parametrize("header", ["Patient-Nr", "lesion_no", "Subject ID", "anon_patient_id"])
def test_a_column_that_seems_to_tell_groups_and_is_not_read_is_named(read, caplog, header):
    read(f"ID,Diagnosis,Age,Sex,{header}\n1,nv,40,,l1\n")
    [message] = caplog.messages
    assert f"nothing reads the column '{header}'" in message


def test_a_column_about_lesions_that_is_no_id_is_not_named(read, caplog):
    read("ID,Diagnosis,Age,Sex,lesion type,patient age\n1,nv,40,,macule,7\n")
    assert not caplog.messages


def test_cells_lose_outer_blanks_alone_and_letters_have_one_form(read):
    records = read("ID,Diagnosis,Age,Sex\n a b ,Na\u0308vus,40, Male\u00a0\n")
    assert records.loc[0, ["image_id", "label", "sex"]].tolist() == ["a b", "N\u00e4vus", "Male"]


def test_equal_cells_stay_with_their_rows(read):
    """Each value is cleaned once, and put back where it was."""
    sexes = ["female", " male", "female", "", "male", "unknown"]
    rows = "".join(f"{n},nv,1,{sex}\n" for n, sex in enumerate(sexes))
    records = read(f"ID,Diagnosis,Age,Sex\n{rows}")
    assert records["sex"].tolist() == ["female", "male", "female", None, "male", None]


def test_an_age_that_is_no_number_is_unknown_and_said_to_be(read, caplog):
    records = read("ID,Diagnosis,Age,Sex\n1,nv,over 40,\n2,nv,unknown,\n3,nv,0,\n4,nv,7e1,\n")
    assert records["age"].tolist() == pytest.approx([np.nan, np.nan, 0, 70], nan_ok=True)
    assert caplog.messages == [
        "list.csv: 1 ages are no numbers, such as 'over 40', and count as unknown"
    ]


@pytest.mark.parametrize(
    ("text", "years"),
    [
        ("45", 45),
        ("45.5", 45.5),
        ('"45,5"', 45.5),
        ("45 years", 45),
        ("45yrs", 45),
        ("45 J", 45),
        ("45 Jahre", 45),
        # As DICOM writes ages.
        ("045Y", 45),
        ("018M", 1.5),
        ("026W", 26 * 7 / 365.25),
        ("010D", 10 / 365.25),
    ],
)
def test_ages_are_read_as_they_are_written(read, caplog, text, years):
    records = read(f"ID,Diagnosis,Age,Sex\n1,nv,{text},\n")
    assert records["age"].tolist() == pytest.approx([years])
    assert not caplog.messages


def test_numbers_of_a_parquet_table_are_text_that_looks_as_they_do(read):
    table = pd.DataFrame(
        {
            "ID": pd.array([7, None], "Int64"),
            "Diagnosis": pd.Categorical(["nv", "mel"]),
            "Age": [40.0, None],
            "Sex": ["male", None],
        }
    )
    records = read(table)
    assert records["image_id"].tolist() == ["7", None]
    assert records["label"].tolist() == ["nv", "mel"]
    assert records["age"].tolist() == pytest.approx([40, np.nan], nan_ok=True)


def test_an_optional_column_may_be_absent_and_a_described_one_may_not(read):
    table = "ID,Diagnosis,Age,Sex\n1,nv,40,male\n"
    optional = {"localization": "Site", "dx_type": "Sex"}
    records = read(table, optional=optional)
    assert records["localization"].isna().all()
    assert records["dx_type"].tolist() == ["male"]
    with pytest.raises(SourceError, match=r"no column 'Site' for localization .*clinic\.columns"):
        read(table, COLUMNS | {"localization": "Site"})
