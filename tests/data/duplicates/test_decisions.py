"""People's decisions overrule the finder."""

import pandas as pd
import pytest

from dermaflow.data.duplicates.decisions import apply_decisions, read_decisions
from dermaflow.errors import SourceError

FOUND = pd.DataFrame(
    {"image_a": ["a", "c"], "image_b": ["b", "d"], "agreeing": [30, 12], "zoom": [1.0, 1.1]}
)
IDS = pd.Series(list("abcdef"))


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_a_refused_pair_stays_on_record_and_a_missing_one_is_added(tmp_path):
    text = "\ufeffimage_a,image_b,decision,by\nb,a,different,kim\ne,f,same,kim\nx,a,same,kim\n"
    decided = apply_decisions(FOUND, read_decisions(write(tmp_path / "d.csv", text)), IDS)
    told = list(zip(decided["image_a"], decided["image_b"], decided["decision"], strict=True))
    assert told == [("a", "b", "different"), ("c", "d", "found"), ("e", "f", "same")]


def test_of_two_decisions_the_last_holds(tmp_path):
    text = "image_a,image_b,decision\na,b,different\nb,a,same\n"
    decided = apply_decisions(FOUND, read_decisions(write(tmp_path / "d.csv", text)), IDS)
    assert decided["decision"].tolist() == ["same", "found"]


def test_without_a_file_all_are_found():
    assert apply_decisions(FOUND, read_decisions(None), IDS)["decision"].tolist() == ["found"] * 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("image_a,image_b\na,b\n", "no column 'decision'"),
        ("image_a,image_b,decision\na,b,same\na,b,maybe\n", "line 3: decision is 'maybe'"),
        ("", "is empty"),
        ("image_a,image_b,decision\na,,same\n", "line 2: .*two different images"),
        ("image_a,image_b,decision\na,a,same\n", "line 2: .*two different images"),
    ],
)
def test_a_wrong_file_is_named_with_what_is_wrong(tmp_path, text, message):
    path = write(tmp_path / "d.csv", text)
    with pytest.raises(SourceError, match=message) as caught:
        read_decisions(path)
    assert path in str(caught.value)


def test_a_missing_file_is_an_error(tmp_path):
    with pytest.raises(SourceError, match=r"validate\.decisions"):
        read_decisions(str(tmp_path / "none.csv"))
