"""Where images come from, and what for."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from conf_params import params_of


def folder(path):
    return {"kind": "folder", "folder": path, "licence": "internal"}


SOURCES = {"a": folder("raw/a"), "b": folder("raw/b"), "c": folder("raw/c"), "d": folder("raw/d")}


def test_roles_and_raw_files_are_those_of_the_sources_in_use_in_their_order():
    ingest = params_of("ingest", {"train": ["d", "b"], "external": "a", "sources": SOURCES})
    assert list(ingest.roles.items()) == [("d", "train"), ("b", "train"), ("a", "external")]
    assert ingest.raw_paths() == [Path("raw/d"), Path("raw/b"), Path("raw/a")]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"train": "clinic"}, r"there is no source 'clinic' in ingest\.sources \(a, b, c, d\)"),
        ({"external": ["b", "clinic"]}, "there is no source 'clinic'"),
        ({"train": ["a", "a"]}, "'a' is named 2 times under train and external"),
        ({"external": ["b", "a"]}, "'a' is named 2 times under train and external"),
        ({"train": []}, "at least 1 item"),
        ({"sources": {"a": folder("x"), "B 2": folder("y")}}, "should match pattern"),
    ],
)
def test_sources_that_cannot_be_meant_are_refused(changes, message):
    with pytest.raises(ValidationError, match=message):
        params_of("ingest", {"train": "a", "external": [], "sources": SOURCES} | changes)
