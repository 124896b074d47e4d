"""Tables of decisions on pairs that cannot be read as they were meant."""

import os

from hostile.cases import Case, Planted

PAIRS = "image_a,image_b,decision\n"

CASES = [
    Case("no bytes", lambda: b"", "is empty"),
    Planted("absent", lambda path: None, "(see validate.decisions)"),
    Planted("pipe", os.mkfifo, "there is no table"),
    Planted("folder", lambda path: path.mkdir(), "there is no table"),
    Case("lacks a column", lambda: b"image_a,image_b\na,b\n", "has no column 'decision'"),
    Case(
        "names a column twice",
        lambda: b"image_a,image_b,decision,decision\na,b,same,different\n",
        "has 2 columns 'decision'",
    ),
    Case("another word", (PAIRS + "a,b,maybe\n").encode, "line 2: decision is 'maybe'; it can be"),
    Case("no word", (PAIRS + "a,b,\n").encode, "line 2: decision is ''"),
    Case(
        "a control sequence for a word",
        (PAIRS + "a,b,\x1b[2J\n").encode,
        r"decision is '\x1b[2J'",
    ),
    Case(
        "a cell before each row", (PAIRS + "1,a,b,same\n").encode, "line 2: 4 cells, but 3 columns"
    ),
    Case("one image twice", (PAIRS + "a,a,same\n").encode, "line 2: a decision is about two"),
    Case("one image", (PAIRS + "a,b,same\na,,same\n").encode, "line 3: a decision is about"),
    Case("a quote not closed", (PAIRS + '"a,b,same\n').encode, "from line 2 on"),
    Case("UTF-16", lambda: (PAIRS + "a,b,same\n").encode("utf-16"), "iconv -f UTF-16"),
]
