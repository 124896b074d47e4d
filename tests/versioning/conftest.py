"""A DVC repository with one tracked folder."""

import pytest
from dvc.repo import Repo


@pytest.fixture
def repo(tmp_path):
    """A project without git in which ``data/raw``, of two files, is under DVC."""
    folder = tmp_path / "project"
    (folder / "data/raw/images").mkdir(parents=True)
    (folder / "data/raw/list.csv").write_text("image_id,file\n1,a.png\n")
    (folder / "data/raw/images/a.png").write_bytes(bytes(range(256)))
    with Repo.init(str(folder), no_scm=True) as repo:
        repo.add(str(folder / "data/raw"))
        yield repo
