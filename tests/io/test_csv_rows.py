"""Which separator a CSV has is found from its header and first row."""

import csv
import io

import pytest

from dermaflow.io.csv_rows import csv_rows, find_separator


@pytest.mark.parametrize(
    ("text", "separator", "before"),
    [
        ("id,file,dx\na,b,c\n", ",", 0),
        ("id\tfile\n", "\t", 0),
        # Commas stand in the names, with and without quotes, and in numbers.
        ('id;"Alter, in Jahren, gerundet";"Ort, Seite, links"\n1;44,5;Arm\n', ";", 0),
        ("id;Alter, in Jahren;Ort\n1;44,5;Arm\n", ";", 0),
        ("id;Alter, Jahre\n1;44\n", ";", 0),
        ('"id,\nnumber";dx\n1;mel\n', ";", 0),
        ('id,"a;b;c;d"\n1,2\n', ",", 0),
        # Cells that a row lacks at its end are missing.
        ("id,file,dx,age\na,b\n", ",", 0),
        ("\n\nsep=;\nid;dx\n", ";", 3),
        ("id\na\n", ",", 0),
        ("", ",", 0),
    ],
)
def test_the_separator_that_fits_is_found(text, separator, before):
    file = io.StringIO(text)
    assert find_separator(file) == (separator, before)
    assert file.read() == "".join(text.splitlines(keepends=True)[before:])


def test_lines_are_counted_with_those_before_the_table_and_blank_ones():
    file = io.StringIO('id;dx\n\n1;"a\nb"\n2;c\n')
    assert list(csv_rows(file, ";", 2)) == [
        (3, ["id", "dx"]),
        (5, ["1", "a\nb"]),
        (7, ["2", "c"]),
    ]


def test_a_row_that_cannot_be_parsed_is_told_by_its_line():
    with pytest.raises(csv.Error, match="the row from line 2 on"):
        list(csv_rows(io.StringIO('id,dx\n1,"a" b\n'), ",", 0))
