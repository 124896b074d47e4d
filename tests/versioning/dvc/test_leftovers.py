"""What a killed DVC leaves is out of the way of the next."""

import os
import time

import pytest
from dvc.repo import Repo

from dermaflow.versioning.dvc.internals import open_repository
from dermaflow.versioning.dvc.leftovers import clear_leftovers

TEMPORARY = ".X-tUskc6cTwpT2QK1_vmXg.tmp"


@pytest.fixture
def repo(tmp_path):
    (tmp_path / "facts").write_text("1")
    with Repo.init(str(tmp_path), no_scm=True) as repo:
        repo.add(str(tmp_path / "facts"))
        yield repo


def clear(folder):
    with open_repository(folder) as repository:
        clear_leftovers(repository)


def touch(path, days_ago=2):
    path.touch()
    long_ago = time.time() - days_ago * 24 * 3600
    os.utime(path, (long_ago, long_ago))


def test_temporary_files_in_the_cache_and_beside_outputs_are_removed_and_no_others(repo, tmp_path):
    cached = next(tmp_path.glob(".dvc/cache/files/md5/*/*"))
    left = [folder / TEMPORARY for folder in (tmp_path, cached.parent)]
    others = [tmp_path / ".my.tmp", tmp_path / "X-tUskc6cTwpT2QK1_vmXg.tmp"]
    for path in (*left, *others):
        touch(path)
    clear(tmp_path)
    assert not any(path.exists() for path in left)
    assert all(path.exists() for path in (*others, cached, tmp_path / "facts"))


def test_what_another_process_may_still_write_is_left_alone(repo, tmp_path):
    downloading = next(tmp_path.glob(".dvc/cache/files/md5/*")) / TEMPORARY
    touch(downloading, days_ago=0.5)
    clear(tmp_path)
    assert downloading.exists()


def test_a_cache_that_other_projects_may_share_is_left_alone(repo, tmp_path):
    shared = tmp_path.parent / f"{tmp_path.name}-shared"
    with repo.config.edit() as conf:
        conf["cache"]["dir"] = str(shared)
    with Repo(str(tmp_path)) as moved:
        moved.commit(str(tmp_path / "facts.dvc"), force=True)
        others = next(shared.glob("files/md5/*")) / TEMPORARY
        touch(others)
        clear(tmp_path)
    assert others.exists()


@pytest.mark.parametrize("content", ["", '{"write": {"a": {"pi'])
def test_a_list_of_busy_files_that_was_cut_short_stops_nothing(repo, tmp_path, content):
    (tmp_path / ".dvc/tmp/rwlock").write_text(content)
    clear(tmp_path)
    repo.commit(str(tmp_path / "facts.dvc"), force=True)


def test_a_sound_list_of_busy_files_stays(repo, tmp_path):
    busy = tmp_path / ".dvc/tmp/rwlock"
    busy.write_text('{"read": {}, "write": {"a": {"pid": 1, "cmd": "repro"}}}')
    clear(tmp_path)
    assert "repro" in busy.read_text()
