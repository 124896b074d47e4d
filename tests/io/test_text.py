"""Text of others, made fit to be shown."""

import pytest

from dermaflow.io.text import one_line, readable_size


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("  a\tb\r\n\n c  ", "a b c"),
        ("Nävus ☞ 母斑", "Nävus ☞ 母斑"),
        ("a\u200bb", r"a\u200bb"),
        ("\x1b[31mred", r"\x1b[31mred"),  # would colour the terminal
        ("abc\u202egpj.exe", r"abc\u202egpj.exe"),  # would turn the line round
        ("\ud800", r"\ud800"),  # cannot be encoded
        ("NUL\0", r"NUL\x00"),
        (None, "None"),
        (["a", 1], "['a', 1]"),
    ],
)
def test_what_cannot_be_seen_is_shown_as_its_escape_on_one_line(value, shown):
    assert one_line(value) == shown


@pytest.mark.parametrize(
    ("limit", "shown"),
    [(6, "abcdef"), (7, "abcdef"), (5, "abcd…"), (1, "…"), (None, "abcdef")],
)
def test_a_line_is_no_longer_than_the_limit(limit, shown):
    assert one_line("abcdef", limit) == shown


def test_the_limit_is_of_what_is_shown():
    assert one_line("\0" * 9, 10) == r"\x00\x00" + r"\…"


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1500, "1.5 kB"),
        (2.5e6, "2.5 MB"),
        (1.2e12, "1200.0 GB"),
    ],
)
def test_a_size_is_a_small_number_of_its_unit(size, text):
    assert readable_size(size) == text
