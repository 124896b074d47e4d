"""A second table adds what it says of the first table's rows, by an id of either."""

import pandas as pd
import pytest

from dermaflow.data.sources.joined_table import join_table
from dermaflow.errors import SourceError
from dermaflow.params.sources import JoinedTable
from dermaflow.schema import SOURCE_COLUMNS


@pytest.fixture
def records():
    rows = {"image_id": ["a", "b", "c", "d"], "lesion_id": ["1", "1", "2", None]}
    return pd.DataFrame(rows, columns=list(SOURCE_COLUMNS), dtype=object)


def join(tmp_path, records, text, **changes):
    (tmp_path / "more.csv").write_text(text, encoding=changes.get("encoding"))
    columns = {"lesion_id": "Lesion", "patient_id": "Patient", "sex": "Sex"}
    joined = JoinedTable(
        **({"table": str(tmp_path / "more.csv"), "by": "lesion_id", "columns": columns} | changes)
    )
    return join_table(records, joined, "key.join", ["unknown"])


def test_rows_of_one_lesion_get_what_its_row_says(tmp_path, records):
    # Numbers with and without decimals are the same id, and a row may be there twice.
    text = "Lesion,Patient,Sex\n2.0,P2,unknown\n1.0,P1,male\n1.0,P1,male\n9.0,P9,male\n"
    joined = join(tmp_path, records, text)
    assert joined["image_id"].tolist() == ["a", "b", "c", "d"]
    assert joined["patient_id"].iloc[:3].tolist() == ["P1", "P1", "P2"]
    assert joined["sex"].dropna().to_dict() == {0: "male", 1: "male"}
    assert joined.loc[3, ["patient_id", "sex"]].isna().all()
    assert records["patient_id"].isna().all()  # as it was


def test_an_id_of_which_two_rows_say_different_things_is_named(tmp_path, records):
    text = "Lesion,Patient,Sex\n1,P1,male\n1,P2,male\n"
    with pytest.raises(SourceError, match=r"1 rows repeat a lesion_id .* those of '1'"):
        join(tmp_path, records, text)


def test_a_table_of_other_ids_is_refused(tmp_path, records):
    with pytest.raises(SourceError, match=r"none of the lesion_ids .*\(see key\.join\)"):
        join(tmp_path, records, "Lesion,Patient,Sex\nL1,P1,male\n")


def test_the_second_table_may_be_in_another_encoding(tmp_path, records):
    joined = join(tmp_path, records, "Lesion,Patient,Sex\n1,Pä,male\n", encoding="cp1252")
    assert joined["patient_id"].iloc[0] == "Pä"
