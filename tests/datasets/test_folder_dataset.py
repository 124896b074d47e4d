"""A folder of files is replaced as a whole, and nothing is written outside it."""

import pytest
from kedro.io import DatasetError

from dermaflow.datasets import FolderDataset


def test_files_come_back_by_their_relative_path(tmp_path):
    dataset = FolderDataset(filepath=str(tmp_path / "site"))
    files = {"index.html": b"<p>", "css/a.css": b"", "css/deep/b.css": bytes(range(256))}
    assert not dataset.exists()
    dataset.save(files)
    assert dataset.exists()
    assert dataset.load() == files


def test_saving_removes_what_was_there(tmp_path):
    dataset = FolderDataset(filepath=str(tmp_path / "site"))
    dataset.save({"old.html": b"old", "index.html": b"1"})
    dataset.save({"index.html": b"2"})
    assert dataset.load() == {"index.html": b"2"}
    assert [path.name for path in tmp_path.iterdir()] == ["site"]


@pytest.mark.parametrize("name", ["../evil.html", "a/../../evil.html", "/tmp/evil.html"])
def test_names_that_leave_the_folder_are_refused(tmp_path, name):
    dataset = FolderDataset(filepath=str(tmp_path / "inner" / "site"))
    dataset.save({"index.html": b"old"})
    with pytest.raises(DatasetError, match="outside"):
        dataset.save({"index.html": b"new", name: b"evil"})
    assert dataset.load() == {"index.html": b"old"}
    assert not list(tmp_path.rglob("evil.html"))
