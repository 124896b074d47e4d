"""An earlier manifest tells on which side its images were."""

import pandas as pd
import pytest

from dermaflow.data.validation.kept_split import read_kept_split
from dermaflow.errors import SourceError

NOW = pd.Series(["a", "b", "new"])


@pytest.fixture
def write(tmp_path):
    """Write a manifest of images and their sides."""

    def write_manifest(rows, columns=("image_id", "split")):
        path = tmp_path / "first.parquet"
        pd.DataFrame(rows, columns=list(columns)).assign(label="nv").to_parquet(path)
        return str(path)

    return write_manifest


def test_without_a_file_nothing_is_kept():
    assert read_kept_split(None, NOW) is None


def test_each_image_keeps_its_side_whether_it_is_there_now_or_not(write):
    path = write([("b", "test"), ("a", "train"), ("gone", "val")])
    assert read_kept_split(path, NOW).to_dict() == {"b": "test", "a": "train", "gone": "val"}


def test_only_sides_of_the_split_are_kept(write):
    """What was external may be trained on now."""
    path = write([("a", "external"), ("b", "val"), ("c", "excluded"), ("d", None)])
    assert read_kept_split(path, NOW).to_dict() == {"b": "val"}


def test_of_an_image_that_is_there_twice_the_first_side_holds(write):
    path = write([("a", "test"), ("a", "train"), ("b", "external"), ("b", "val")])
    assert read_kept_split(path, NOW).to_dict() == {"a": "test", "b": "val"}


@pytest.mark.parametrize("content", [None, b"", b"torn"])
def test_a_file_that_cannot_be_read_is_named_in_one_line(tmp_path, content):
    path = tmp_path / "first.parquet"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SourceError, match=r"first\.parquet is no manifest .*split\.keep") as caught:
        read_kept_split(str(path), NOW)
    assert "\n" not in str(caught.value)


def test_a_table_without_sides_is_no_manifest(write):
    path = write([("a", "test")], columns=("image_id", "side"))
    with pytest.raises(SourceError, match="is no manifest"):
        read_kept_split(path, NOW)


@pytest.mark.parametrize("rows", [[("x", "test")], [("a", "external")], []])
def test_a_manifest_of_other_images_is_refused(write, rows):
    path = write(rows)
    with pytest.raises(SourceError, match=r"first\.parquet knows none of the images; see .*keep"):
        read_kept_split(path, NOW)


def test_the_home_folder_may_be_written_as_a_tilde(write, tmp_path, monkeypatch):
    write([("a", "test")])
    monkeypatch.setenv("HOME", str(tmp_path))
    assert read_kept_split("~/first.parquet", NOW).to_dict() == {"a": "test"}
