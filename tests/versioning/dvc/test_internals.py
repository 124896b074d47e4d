"""What we use of the inside of DVC does what we use it for. An upgrade of DVC may break it here."""

import fcntl
import shutil
import stat
import subprocess
import sys
import threading
from importlib.metadata import version
from pathlib import Path

import pytest
from dvc.repo import Repo

from dermaflow.versioning.dvc.command import run_dvc
from dermaflow.versioning.dvc.internals import DvcError, UnsupportedDvcError, open_repository
from dermaflow.versioning.dvc.lock import read_lock
from dermaflow.versioning.stages.fingerprint import hash_path

STAGES = """
stages:
  make:
    cmd: "true"
    deps: [given.txt]
    outs: [made.txt, made/pictures]
  other:
    cmd: "true"
    outs: [other.txt]
"""


@pytest.fixture(scope="module")
def initialised(tmp_path_factory):
    """A DVC repository with the files of two stages, which DVC knows nothing of yet."""
    folder = tmp_path_factory.mktemp("initialised")
    Repo.init(str(folder), no_scm=True).close()
    (folder / "dvc.yaml").write_text(STAGES)
    (folder / "made/pictures").mkdir(parents=True)
    for name in (
        "given.txt",
        "made.txt",
        "made/pictures/a.png",
        "made/pictures/b.png",
        "other.txt",
    ):
        (folder / name).write_text(name)
    return folder


@pytest.fixture
def project(initialised, tmp_path, monkeypatch):
    project = shutil.copytree(initialised, tmp_path / "project")
    monkeypatch.chdir(project)  # `save` asks DVC's cache of runs, which looks there
    return project


@pytest.fixture
def repository(project):
    with open_repository(project) as repository:
        yield repository


@pytest.fixture
def make(repository, project):
    with repository.locked():
        yield repository.stage(project / "dvc.yaml", "make")


def test_what_dvc_knows_of_files_stays_in_the_project(project):
    others = "# of the hospital\n[core]\n    remote = store\n['remote \"store\"']\n    url = %s\n"
    configure(project, others)
    with open_repository(project / "made"):
        pass
    own = project / ".dvc/site-cache"
    (project / "made.txt").write_text("changed")
    assert run_dvc(project, "status").returncode == 0
    plain = (sys.executable, "-m", "dvc", "status")
    subprocess.run(plain, cwd=project / "made", check=True, capture_output=True)
    (kept,) = (own / "repo").iterdir()  # one and the same for all
    with Repo(str(project)) as repo:
        assert repo.site_cache_dir == str(kept)
    assert not Path("/var/tmp/dvc/repo", kept.name).exists()
    assert stat.S_IMODE(own.stat().st_mode) == 0o700
    assert others.splitlines() == [
        line for line in local_config(project).splitlines() if "site_cache_dir" not in line
    ]


def local_config(project):
    return (project / ".dvc/config.local").read_text()


def configure(project, text):
    (project / ".dvc/config.local").write_text(text)


def cached(repository, md5):
    return repository.cache_folder / md5[:2] / md5[2:]


def is_locked(file):
    with file.open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def test_open_repository_finds_the_one_above(project):
    with open_repository(project / "made/pictures") as repository:
        assert repository.root == project


def test_open_repository_says_that_there_is_none(tmp_path):
    with pytest.raises(DvcError, match="not inside of a DVC repository"), open_repository(tmp_path):
        pass


def test_cache_folder_is_where_the_configuration_says(project, tmp_path):
    with open_repository(project) as repository:
        assert repository.cache_folder == project / ".dvc/cache/files/md5"
    configure(project, f"[cache]\ndir = {tmp_path / 'shared'}\n")
    with open_repository(project) as repository:
        assert repository.cache_folder == tmp_path / "shared/files/md5"


def test_remote_is_the_default_one(repository, project):
    assert repository.remote is None
    configure(project, "[core]\nremote = store\n['remote \"store\"']\nurl = /store\n")
    with open_repository(project) as opened:
        assert opened.remote == "store"


def test_output_folders_are_those_of_all_stages(repository, project):
    assert repository.output_folders == {project, project / "made"}


def test_locked_holds_the_lock_of_dvcs_commands(repository, project):
    lock = project / ".dvc/tmp/lock"
    with repository.locked():
        assert is_locked(lock)
    assert not is_locked(lock)
    with lock.open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        with pytest.raises(DvcError, match="Unable to acquire lock"), repository.locked():
            pass


def test_locked_waits_for_a_command_that_gives_the_lock_back(repository, project, caplog):
    lock = project / ".dvc/tmp/lock"
    caplog.set_level("INFO")
    with lock.open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        let_go = threading.Timer(3.5, fcntl.flock, [handle, fcntl.LOCK_UN])  # DVC waits for three
        let_go.start()
        with repository.locked(seconds=60):
            assert is_locked(lock)
        let_go.join()
    assert caplog.messages.count("Waiting for another DVC command, which holds DVC's lock") == 1


def test_busy_list_is_kept_as_it_is_meanwhile(repository, project):
    guard = project / ".dvc/tmp/rwlock.lock"
    with repository.busy_list() as file:
        assert file == project / ".dvc/tmp/rwlock"
        assert is_locked(guard)
    assert not is_locked(guard)


def test_save_gives_the_hashes_of_outputs(make, project):
    expected = {name: hash_path(project / name) for name in ("made.txt", "made/pictures")}
    assert make.save(with_deps=True) == expected
    (project / "made.txt").unlink()
    with pytest.raises(DvcError, match=r"made\.txt.*does not exist"):
        make.save(with_deps=True)


def test_cache_copies_outputs_and_leaves_them_alone(make, repository, project):
    before = (project / "made.txt").stat()
    hashes = make.save(with_deps=True)
    make.cache()
    assert cached(repository, hashes["made.txt"]).read_text() == "made.txt"
    assert cached(repository, hashes["made/pictures"]).is_file()
    after = (project / "made.txt").stat()
    assert (after.st_ino, after.st_mode) == (before.st_ino, before.st_mode)


def test_cache_makes_links_where_the_configuration_asks_for_them(project):
    configure(project, "[cache]\ntype = hardlink\n")
    with open_repository(project) as repository, repository.locked():
        stage = repository.stage(project / "dvc.yaml", "make")
        hashes = stage.save(with_deps=True)
        stage.cache()
        assert (project / "made.txt").samefile(cached(repository, hashes["made.txt"]))


def test_cache_what_is_there_needs_neither_inputs_nor_all_outputs(make, repository, project):
    (project / "given.txt").unlink()
    (project / "made.txt").unlink()
    make.cache_what_is_there()
    assert cached(repository, hash_path(project / "made/pictures")).is_file()


def test_write_lock_entry_writes_what_dvc_would(repository, project):
    with repository.locked():
        for name in ("make", "other"):
            stage = repository.stage(project / "dvc.yaml", name)
            stage.save(with_deps=True)
            stage.cache()
            stage.write_lock_entry(project / "dvc.lock")
    assert list(read_lock(project / "dvc.lock")) == ["make", "other"]
    ours = (project / "dvc.lock").read_bytes()
    assert run_dvc(project, "commit", "--force").returncode == 0
    assert (project / "dvc.lock").read_bytes() == ours


def test_a_lock_is_replaced_and_never_written_in_place(make, project):
    make.save(with_deps=True)
    make.write_lock_entry(project / "dvc.lock")
    with (project / "dvc.lock").open() as old:
        before = old.read()
        (project / "made.txt").write_text("changed")
        make.save(with_deps=True)
        make.write_lock_entry(project / "dvc.lock")
        old.seek(0)
        assert old.read() == before != (project / "dvc.lock").read_text()


def test_fetch_brings_objects_by_their_hash(make, project, tmp_path):
    hashes = make.save(with_deps=True)
    make.cache()
    shutil.copytree(project / ".dvc/cache", tmp_path / "store")
    shutil.rmtree(project / ".dvc/cache")
    configure(
        project, f"[core]\nremote = store\n['remote \"store\"']\nurl = {tmp_path / 'store'}\n"
    )
    with open_repository(project) as repository:
        repository.fetch([hashes["made.txt"]])
        assert cached(repository, hashes["made.txt"]).read_text() == "made.txt"
        assert not cached(repository, hashes["made/pictures"]).exists()


@pytest.mark.parametrize("gone", ["dvc.stage.serialize.to_lockfile", "dvc.stage.Stage.save"])
def test_a_dvc_that_lacks_what_is_called_is_named(make, project, monkeypatch, gone):
    monkeypatch.delattr(gone)
    with pytest.raises(UnsupportedDvcError, match=f"DVC {version('dvc')} is not one"):
        make.save(with_deps=True)
        make.write_lock_entry(project / "dvc.lock")
