"""Images in several folders, found by their ids."""

import pandas as pd
import pytest

from dermaflow.data.sources.image_files import ImageFiles
from dermaflow.errors import SourceError


@pytest.fixture
def files(tmp_path):
    for name in ("one/a.jpg", "one/b.jpg", "two/b.png", "two/c.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
    return ImageFiles([str(tmp_path / "one"), str(tmp_path / "two")], "images")


def test_ids_are_names_without_suffix(files):
    found = files.find(pd.Series(["c", None, "a", "none"], dtype=object))
    assert found.dropna().tolist() == ["c.png", "a.jpg", "none.jpg"]
    assert files.read("c.png") == b"two/c.png"


def test_an_id_that_two_files_have_is_refused(files):
    with pytest.raises(SourceError, match=r"there are b\.jpg and b\.png; which of them is 'b'"):
        files.find(pd.Series(["a", "b"]))
