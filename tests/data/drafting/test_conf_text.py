"""Whatever a table holds, Kedro's loader reads what was written, and comments stay comments."""

import pytest
import yaml
from kedro.config import OmegaConfigLoader

from dermaflow.data.drafting.conf_text import (
    can_be_written,
    comment,
    count,
    list_questions,
    quote,
    quote_list,
    show_some,
)
from dermaflow.errors import SourceError
from dermaflow.settings import CONFIG_LOADER_ARGS

WORDS = [
    "Nävuszellnävus", "Melanom (invasiv)", "a b", "Plattenepithel-Ca.", "-", "", " ", "a ", "a:",
    "yes", "No", "on", "y", "N", "true", "null", "Null", "~", "1", "1.0", "0x10", "1e5", "1_000",
    ".nan", "nan", ".inf", "012", "2024-01-02", "12:30:45", "!!python/object:x", "!x", "&a", "*a",
    "{}", "{a}", "[]", "[a, b]", "a, b", "a]", "a}", "- a", "? a", "#a", "a #b", "%a", "@a", "`a`",
    "'", '"', "'a'", '"a"', "it's", "a\nb", "a\r\nb", "\n", "\t", "\x00", "\x1b[31mred", "\x7f",
    "\x85", "\u2028", "\ufeff", "\u202e", "=1+1", "=HYPERLINK(1)", "\\", "\\n", "a\\", "|", ">",
    "${x}", "${oc.env:HOME}", "$", "a${b}c", "\\${x}", "\\\\${x}", "a\\\\\\${x}\\", "$${x}",
    "${a:${x}}", "---", "...", "a: b", "😀", "a\u0308", "<<", "=", "${globals:data}", "a" * 300,
    "k. a.", "N/A", "none", "Ω", "数",
]  # fmt: skip


@pytest.fixture
def load(tmp_path):
    """What Kedro's loader makes of a file of parameters."""

    def read(text):
        for env in ("base", "own"):
            (tmp_path / env).mkdir()
        (tmp_path / "own/parameters.yml").write_text(text, encoding="utf-8")
        return OmegaConfigLoader(str(tmp_path), env="own", **CONFIG_LOADER_ARGS)["parameters"]

    return read


def test_a_word_is_loaded_as_it_is_alone_in_a_list_and_as_a_key(load):
    lines = "".join(f"  w{n}: {quote(word)}\n" for n, word in enumerate(WORDS))
    keys = "".join(f"  {quote(word, is_key=True)}: {n}\n" for n, word in enumerate(WORDS))
    text = f"words:\n{lines}several: {quote_list(WORDS)}\nkeys:\n{keys}"
    loaded = load(text)
    assert list(loaded["words"].values()) == WORDS
    assert loaded["several"] == WORDS
    assert list(loaded["keys"]) == WORDS


@pytest.mark.parametrize("word", ["${", "a ${b", "${}", "${${", "${a b}"])
def test_a_reference_that_kedro_cannot_load_is_refused(word):
    assert not can_be_written(word)
    with pytest.raises(SourceError, match="cannot be written in conf"):
        quote(word)


def test_any_other_word_can_be_written():
    assert all(map(can_be_written, WORDS))


@pytest.mark.parametrize("word", ["bcc", "Nävuszellnävus", "Plattenepithel-Ca.", "a/b c_1"])
def test_a_harmless_word_needs_no_quotes(word):
    assert quote(word) == word


def test_nothing_gets_out_of_a_comment(load):
    text = "".join(comment(word, 2, asks=asks) for word in WORDS for asks in (False, True))
    assert load(f"a: 1\n{text}") == {"a": 1}
    assert all(line.strip().startswith("#") for line in text.splitlines())
    assert all(line.isprintable() for line in text.splitlines())


def test_questions_are_listed_whole_with_their_lines():
    long = " ".join(f"word{n}" for n in range(40))
    text = comment("no question") + "a: 1\n" + comment(long, 4, asks=True)
    text += comment("what next?", asks=True) + "# QUESTIONABLE\n"
    end = len(text.splitlines())
    assert list_questions(text) == [(3, long), (end - 1, "what next?")]
    assert max(map(len, text.splitlines())) <= 100
    assert yaml.safe_load(text) == {"a": 1}


def test_some_of_many_words_are_shown():
    assert show_some(["a", "b\n", "c", "d"]) == "'a', 'b', 'c' and 1 more"
    assert show_some(["x" * 100]) == f"'{'x' * 59}…'"


def test_things_are_counted():
    assert [count(n, "row") for n in (0, 1, 2000)] == ["0 rows", "1 row", "2,000 rows"]
