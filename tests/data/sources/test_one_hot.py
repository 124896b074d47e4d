"""A label in several columns."""

import pytest

from dermaflow.data.sources.one_hot import read_one_hot
from dermaflow.errors import SourceError


def read(tmp_path, *rows):
    (tmp_path / "list.csv").write_text("id,MEL,NV\n" + "\n".join(rows))
    return read_one_hot(tmp_path / "list.csv", ["MEL", "NV"], "key").tolist()


@pytest.mark.parametrize(
    "row", ["1,0,1", "1,0.0,1.0", "1,false,TRUE", "1,,x", "1,No,Yes", "1, 0 , 1 "]
)
def test_the_column_that_says_yes_is_the_label(tmp_path, row):
    assert read(tmp_path, row, "2,1,0") == ["NV", "MEL"]


@pytest.mark.parametrize("row", ["1,0,0", "1,1,1", "1,0.3,0.7", "1,,", "1,2,0", "1,1,maybe"])
def test_what_does_not_say_yes_once_is_no_label(tmp_path, caplog, row):
    assert read(tmp_path, "2,1,0", row) == ["MEL", None]
    assert "in 1 of 2 rows not exactly one of the columns MEL, NV holds 1" in caplog.text
    assert "the first is row 2" in caplog.text


def test_a_column_that_is_not_there_is_named(tmp_path):
    (tmp_path / "list.csv").write_text("id,MEL\n1,1\n")
    with pytest.raises(SourceError, match=r"no column 'NV' \(see key\)"):
        read_one_hot(tmp_path / "list.csv", ["MEL", "NV"], "key")


def test_a_table_may_be_in_another_encoding(tmp_path):
    (tmp_path / "list.csv").write_bytes("Nävus;MEL\n1;0\n0;1\n".encode("cp1252"))
    found = read_one_hot(tmp_path / "list.csv", ["Nävus", "MEL"], "key", "cp1252")
    assert found.tolist() == ["Nävus", "MEL"]
