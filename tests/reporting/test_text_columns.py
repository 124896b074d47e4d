"""Columns of text for a terminal."""

import pytest

from dermaflow.reporting.text_columns import align


def test_columns_begin_below_each_other_and_lines_end_with_their_text():
    rows = [["", "A", "longer"], ["value", "0.25", ""], ["é", "", "x"]]
    assert align(rows) == "         A     longer\n  value  0.25\n  é            x"
    assert align([["a", "b"]], indent=0) == "a  b"


@pytest.mark.parametrize("control", ["\n", "\r", "\x1b", "\t", "\x07", "\u2028", "\u202e"])
def test_what_a_terminal_would_obey_becomes_a_space(control):
    assert align([[f"a{control}b", "c"]], indent=0) == "a b  c"


def test_rows_of_unequal_length_are_refused():
    with pytest.raises(ValueError):
        align([["a", "b"], ["c"]])
