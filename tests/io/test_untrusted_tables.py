"""Which cells of somebody else's table are read, and under which lines.

``tests/hostile/test_tables.py`` feeds whole stages with tables that are none and with dialects.
"""

import re

import pandas as pd
import pytest

from dermaflow.errors import SourceError
from dermaflow.io import untrusted_tables
from dermaflow.io.untrusted_tables import MAX_CELL, read_header, read_table, same_letters

COLUMNS = {"image_id": "ID", "label": "Diagnosis"}


@pytest.fixture
def table(tmp_path):
    """Write a table and read it; columns are ``COLUMNS`` if nothing else is said."""

    def read(content, columns=COLUMNS, optional=None):
        suffix = ".csv" if isinstance(content, str) else ".parquet"
        path = tmp_path / f"list{suffix}"
        if suffix == ".csv":
            path.write_bytes(content.encode())
        else:
            content.to_parquet(path)
        return read_table(path, columns, "ingest.sources.clinic", optional)

    return read


def rows(frame):
    return {line: tuple(row) for line, row in zip(frame.index, frame.to_numpy(), strict=True)}


def test_cells_stand_under_the_names_to_give_and_their_line(table):
    text = 'Other,Diagnosis,ID\n1,nv,007\n\n \n2,"a\nb", x \n3,,8\n'
    read = table(text)
    assert list(read) == ["image_id", "label"]
    assert rows(read) == {2: ("007", "nv"), 5: (" x ", "a\nb"), 7: ("8", "")}


def test_a_line_of_separators_is_a_row_without_an_id_and_not_lost(table):
    assert rows(table("ID,Diagnosis\n,\na,nv\n")) == {2: ("", ""), 3: ("a", "nv")}


def test_a_cell_that_a_row_lacks_is_missing_and_an_empty_one_is_empty(table):
    assert rows(table("ID,Diagnosis\na,\nb\n")) == {2: ("a", ""), 3: ("b", None)}


def test_words_for_missing_values_are_words(table):
    text = "ID,Diagnosis\nNA,nan\nnull,None\n1e3,1.0\n"
    assert rows(table(text)) == {2: ("NA", "nan"), 3: ("null", "None"), 4: ("1e3", "1.0")}


def test_cells_of_a_parquet_file_are_text_under_the_number_of_their_row(table):
    frame = pd.DataFrame(
        {
            "Diagnosis": ["nv", None, "nv"],
            "ID": pd.array([2**60 + 1, 7, None], "Int64"),  # a float would round the first
            "Age": [40.5, float("nan"), 7],
        }
    )
    read = table(frame, COLUMNS | {"age": "Age"})
    assert rows(read) == {
        1: (str(2**60 + 1), "nv", "40.5"),
        2: ("7", None, None),
        3: (None, "nv", "7"),
    }


@pytest.mark.parametrize("content", ["ID,Diagnosis\n", pd.DataFrame({"ID": [], "Diagnosis": []})])
def test_a_table_without_rows_has_its_columns(table, content):
    read = table(content)
    assert list(read) == ["image_id", "label"]
    assert len(read) == 0


def test_a_column_that_may_be_absent_is_read_where_it_is_there(table):
    optional = {"sex": "Sex"}
    assert list(table("ID,Diagnosis\na,nv\n", optional=optional)) == ["image_id", "label"]
    there = table("Sex,ID,Diagnosis\nmale,a,nv\n", optional=optional)
    assert there["sex"].tolist() == ["male"]
    with pytest.raises(SourceError, match="2 columns 'Sex'"):
        table("Sex,ID,Diagnosis, Sex\nmale,a,nv,\n", optional=optional)


def test_one_column_may_give_two_names(table):
    columns = {"image_id": "ID", "file": "ID"}
    for content in ("ID,x\na,1\n", pd.DataFrame({"ID": ["a"]})):
        assert table(content, columns).to_numpy().tolist() == [["a", "a"]]


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16"])
def test_a_csv_is_read_in_the_encoding_that_is_named(tmp_path, encoding):
    path = tmp_path / "list.csv"
    path.write_bytes("ID;Größe\n1;Nävus\n".encode(encoding))
    assert read_header(path, encoding) == ["ID", "Größe"]
    found = read_table(path, {"size": "Größe"}, "key", encoding=encoding)
    assert rows(found) == {2: ("Nävus",)}


def test_another_encoding_than_is_named_is_told(tmp_path):
    path = tmp_path / "list.csv"
    path.write_bytes(b"ID\n\x81\n")  # no letter of Windows-1252
    with pytest.raises(SourceError, match=r"list\.csv is not written in cp1252"):
        read_table(path, {"id": "ID"}, "key", encoding="cp1252")


def test_a_column_is_found_however_its_letters_are_composed(table):
    read = table("ID,Gru\u0308nde \na,nv\n", {"label": "Gr\u00fcnde "})
    assert read["label"].tolist() == ["nv"]
    assert same_letters("Na\u0308vus") == "N\u00e4vus"


def test_case_blanks_and_signs_of_a_columns_name_mean_nothing_unless_another_is_that_very_one(
    table,
):
    assert table("Image_ID\na\n", {"image_id": "image id"})["image_id"].tolist() == ["a"]
    assert table("ID,id\na,b\n", {"image_id": "id"})["image_id"].tolist() == ["b"]
    with pytest.raises(SourceError, match="has 2 columns 'id'; which is meant"):
        table("ID,Id\na,b\n", {"image_id": "id"})
    with pytest.raises(SourceError, match="has no column 'id' for image_id"):
        table("ID 2\na\n", {"image_id": "id"})


def test_the_header_is_told_as_it_is_written(tmp_path):
    csv, parquet = tmp_path / "a.csv", tmp_path / "a.parquet"
    csv.write_text("\ufeffsep=;\nID;Lesion, Nr\n1;2\n")
    pd.DataFrame({"ID": [1], "Lesion Nr": [2]}).to_parquet(parquet)
    assert read_header(csv) == ["ID", "Lesion, Nr"]
    assert read_header(parquet) == ["ID", "Lesion Nr"]


def test_the_separator_is_what_the_header_holds_most_of_and_a_comma_on_a_tie(table):
    assert rows(table("ID;Diagnosis;a,b\n1;nv;x,y\n")) == {2: ("1", "nv")}
    assert rows(table("ID,Diagnosis,a;b;\n1,nv;,2\n")) == {2: ("1", "nv;")}


def test_a_declared_separator_wins_over_the_header(table):
    text = "sep=;\nID;a,b,c,d\nx;y,z\n"
    assert rows(table(text, {"image_id": "ID", "label": "a,b,c,d"})) == {3: ("x", "y,z")}


@pytest.mark.parametrize("line", ["sep=;", '"sep=;"', ""])
def test_lines_are_counted_from_the_start_of_the_file(table, line):
    with pytest.raises(SourceError, match="line 4: 3 cells, but 2 columns"):
        table(f"{line}\nID;Diagnosis\na;nv\nb;nv;left\n")


def test_a_row_may_be_longer_than_the_header_by_empty_cells_alone(table):
    assert rows(table("ID,Diagnosis\na,nv, ,\n")) == {2: ("a", "nv")}
    with pytest.raises(SourceError, match="line 2: 4 cells, but 2 columns"):
        table("ID,Diagnosis\na,nv, ,x\n")


def test_a_cell_may_be_as_long_as_the_bound(table):
    longest = "x" * MAX_CELL
    assert table(f"ID,Diagnosis\na,{longest}\n")["label"].tolist() == [longest]
    frame = pd.DataFrame({"ID": ["a", "b"], "Diagnosis": [longest, longest + "x"]})
    assert table(frame[:1])["label"].tolist() == [longest]
    with pytest.raises(SourceError, match=r"list.parquet, row 2: label has more than"):
        table(frame)
    with pytest.raises(SourceError, match=r"line 3: label .*; is a quote not closed\?"):
        table(f"ID,Diagnosis\na,nv\nb,{longest}x\n")
    assert rows(table(f"ID,Diagnosis,x\na,nv,{longest}x\n")) == {2: ("a", "nv")}  # not asked for


@pytest.mark.parametrize("content", ["ID,Diagnosis\na,nv\n\nb,nv\nc,nv\n", None])
def test_a_table_has_as_many_rows_as_the_bound_at_most(table, monkeypatch, content):
    content = content or pd.DataFrame({"ID": list("abc"), "Diagnosis": "nv"})
    monkeypatch.setattr(untrusted_tables, "MAX_ROWS", 3)
    assert table(content)["image_id"].tolist() == ["a", "b", "c"]
    monkeypatch.setattr(untrusted_tables, "MAX_ROWS", 2)
    with pytest.raises(SourceError, match="has more than 2 rows, too many for a table"):
        table(content)


def test_a_file_has_as_many_bytes_as_the_bound_at_most(table, monkeypatch):
    text = "ID,Diagnosis\na,nv\n"
    monkeypatch.setattr(untrusted_tables, "MAX_TABLE_BYTES", len(text))
    assert len(table(text)) == 1
    with pytest.raises(SourceError, match=f"is larger than {len(text)} bytes"):
        table(text + "\n")


def test_a_header_that_lacks_a_column_is_shown_without_control_characters(table):
    header = ",".join(["ID", "a\x1b[2Jb", "x" * 50, *map(str, range(30))])
    said = f"its columns: ID, a\\x1b[2Jb, {'x' * 39}…, 0, 1"
    with pytest.raises(SourceError, match=re.escape(said)) as caught:
        table(f"{header}\n")
    assert str(caught.value).endswith(", 16")  # twenty of them
