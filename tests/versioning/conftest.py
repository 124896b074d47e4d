"""A DVC repository with one tracked folder, and a project of toy stages."""

import logging
import shutil
from contextlib import chdir
from pathlib import Path

import pytest
from dvc.repo import Repo
from kedro.framework.project import configure_project

from dermaflow.versioning.dvc.cache import DvcCache
from dermaflow.versioning.stages import fingerprint
from dermaflow.versioning.stages.fingerprint import hash_path
from versioning.toy_project import CHAIN, ToyProject


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


@pytest.fixture
def project(repo):
    """The folder of ``repo``."""
    return Path(repo.root_dir)


@pytest.fixture
def cache(project):
    """DVC's cache of ``repo``."""
    return DvcCache.of(project)


@pytest.fixture
def md5(project):
    """Hash of the tracked folder of ``repo``."""
    return hash_path(project / "data/raw")


@pytest.fixture
def failing_disk(monkeypatch):
    """Bits may flip with nothing to tell: a test can keep all of a file but its time of change."""
    look = [name for name in fingerprint._LOOK if name != "st_ctime_ns"]
    monkeypatch.setattr(fingerprint, "_LOOK", look)


@pytest.fixture(scope="session")
def damage():
    """Give an object of the cache other content of the same size, protected as DVC leaves it."""

    def damage(item):
        item.path.chmod(0o644)
        item.path.write_bytes(b"\0" * item.path.stat().st_size)
        item.path.chmod(0o444)

    return damage


@pytest.fixture
def toy(tmp_path, monkeypatch, _toy_pipelines):
    """A project of toy stages, none of which has run; it is the working directory."""
    folder = tmp_path / "toy"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return ToyProject(folder)


@pytest.fixture
def made(tmp_path, monkeypatch, _toy_pipelines, _made_once):
    """The same after a run of all its stages."""
    folder = shutil.copytree(_made_once, tmp_path / "made")
    monkeypatch.chdir(folder)
    return ToyProject(folder)


@pytest.fixture(scope="session")
def _made_once(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    with chdir(folder):
        ToyProject(folder).run(*CHAIN)
    return folder


@pytest.fixture
def _toy_pipelines():
    """Kedro knows one project a process: give it back as the other tests expect it."""
    configure_project("dermaflow")
    before = logging.getLogger("kedro").level
    logging.getLogger("kedro").setLevel(logging.WARNING)
    yield
    logging.getLogger("kedro").setLevel(before)
    configure_project("dermaflow")
