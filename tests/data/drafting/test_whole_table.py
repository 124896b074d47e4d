"""All columns of a table are read, whatever spreadsheet wrote it."""

import gzip

import pandas as pd
import pytest

from dermaflow.data.drafting.whole_table import guess_encoding, read_whole_table, words_to_check
from dermaflow.errors import SourceError

TEXT = "Läsion;Diagnose;Alter\n1;Nävus; 40\n2;Melanom;\n"


def write(tmp_path, content, name="export.csv"):
    path = tmp_path / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("encoding", "told"),
    [("utf-8", None), ("utf-8-sig", None), ("cp1252", "cp1252"), ("utf-16", "utf-16")],
)
def test_the_encoding_is_guessed_and_the_cells_are_the_same(tmp_path, encoding, told):
    table = read_whole_table(write(tmp_path, TEXT.encode(encoding)), "--table")
    assert table.encoding == told
    assert list(table.cells) == ["Läsion", "Diagnose", "Alter"]
    assert table.cells["Diagnose"].tolist() == ["Nävus", "Melanom"]
    assert table.cells["Alter"].tolist() == [" 40", ""]
    assert table.clean(["melanom"])["Diagnose"].tolist() == ["Nävus", None]
    assert table.clean([])["Alter"].tolist() == ["40", None]


def test_noise_has_no_encoding(tmp_path):
    assert guess_encoding(write(tmp_path, b"a,b\n\xff\x00\x01,1\n")) is None


def test_words_that_the_encoding_decides_are_found(tmp_path):
    table = read_whole_table(write(tmp_path, TEXT.encode("cp1252")), "--table")
    assert words_to_check(table) == ["Läsion", "Nävus"]
    assert words_to_check(table, limit=1) == ["Läsion"]


def test_columns_that_occur_twice_or_have_no_name_are_left_out(tmp_path):
    table = read_whole_table(write(tmp_path, b",a,b,a,${\n0,1,2,3,4\n"), "--table")
    assert list(table.cells) == ["b"]
    assert table.unreadable == ["a", "${"]


def test_lists_in_parquet_are_left_out(tmp_path):
    path = tmp_path / "t.parquet"
    pd.DataFrame({"a": ["x", "y"], "b": [[1], [2]], "n": [1.0, None]}).to_parquet(path)
    table = read_whole_table(path, "--table")
    assert table.cells["a"].tolist() == ["x", "y"]
    assert table.unreadable == ["b"]
    assert table.encoding is None


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "is empty"),
        (b"a,b\n", "holds no row"),
        (b"a,b\n1,2,3\n", "line 2: 3 cells, but 2 columns"),
        (b"a,b\n\xff\x00\x01,1\n", "is not written in UTF-8"),
        (gzip.compress(b"a,b\n1,2\n", mtime=0), "is compressed by gzip"),
        (b'a,b\n"1,2\n', "the row from line 2 on"),
    ],
)
def test_what_is_no_table_is_refused_by_its_name(tmp_path, content, problem):
    path = write(tmp_path, content)
    with pytest.raises(SourceError, match=problem) as refused:
        read_whole_table(path, "--table")
    assert str(path) in str(refused.value)


def test_a_table_that_is_not_there_is_told(tmp_path):
    with pytest.raises(SourceError, match=r"there is no table .*nowhere.csv \(see --table\)"):
        read_whole_table(tmp_path / "nowhere.csv", "--table")
