"""What a killed DVC leaves is out of the way of the next."""

import pytest
from dvc.repo import Repo

from dermaflow.versioning.dvc_leftovers import clear_leftovers

TEMPORARY = ".X-tUskc6cTwpT2QK1_vmXg.tmp"


@pytest.fixture
def repo(tmp_path):
    (tmp_path / "facts").write_text("1")
    with Repo.init(str(tmp_path), no_scm=True) as repo:
        repo.add(str(tmp_path / "facts"))
        yield repo


def test_temporary_files_in_the_cache_and_beside_outputs_are_removed_and_no_others(repo, tmp_path):
    cached = next(tmp_path.glob(".dvc/cache/files/md5/*/*"))
    left = [folder / TEMPORARY for folder in (tmp_path, cached.parent)]
    others = [tmp_path / ".my.tmp", tmp_path / "X-tUskc6cTwpT2QK1_vmXg.tmp"]
    for path in (*left, *others):
        path.touch()
    clear_leftovers(repo)
    assert not any(path.exists() for path in left)
    assert all(path.exists() for path in (*others, cached, tmp_path / "facts"))


@pytest.mark.parametrize("content", ["", '{"write": {"a": {"pi'])
def test_a_list_of_busy_files_that_was_cut_short_stops_nothing(repo, tmp_path, content):
    (tmp_path / ".dvc/tmp/rwlock").write_text(content)
    clear_leftovers(repo)
    repo.commit(str(tmp_path / "facts.dvc"), force=True)


def test_a_sound_list_of_busy_files_stays(repo, tmp_path):
    busy = tmp_path / ".dvc/tmp/rwlock"
    busy.write_text('{"read": {}, "write": {"a": {"pid": 1, "cmd": "repro"}}}')
    clear_leftovers(repo)
    assert "repro" in busy.read_text()
