"""Which objects of DVC's cache nothing refers to."""

import hashlib
import json
import os
import subprocess
import sys
import time

import pytest

from dermaflow.errors import VersioningError
from dermaflow.versioning.dvc.internals import open_repository
from dermaflow.versioning.dvc.prune_cache import find_unused


@pytest.fixture
def repository(tmp_path):
    """The folder of a DVC repository without git, which holds no outputs."""
    dvc = (sys.executable, "-m", "dvc", "init", "--no-scm", "--quiet")
    subprocess.run(dvc, cwd=tmp_path, check=True)
    return tmp_path


@pytest.fixture
def keep(repository):
    """Put an object into the cache; gives its hash."""

    def keep(content, suffix="", days=10):
        md5 = hashlib.md5(content).hexdigest() + suffix
        file = repository / ".dvc/cache/files/md5" / md5[:2] / md5[2:]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        then = time.time() - days * 24 * 3600
        os.utime(file, (then, then))
        return md5

    return keep


@pytest.fixture
def unused(repository):
    """Hashes of the objects that would go."""

    def unused(needed=(), days=7):
        with open_repository(repository) as opened:
            found = find_unused(repository, opened, needed, days)
        assert found.size == sum(file.stat().st_size for file in found.files)
        return [file.parent.name + file.name for file in found.files]

    return unused


def test_what_runs_need_stays_with_all_files_of_a_folder(keep, unused):
    inside, alone, old = keep(b"in a folder"), keep(b"alone"), keep(b"old")
    listed = keep(json.dumps([{"relpath": "a", "md5": inside}]).encode(), ".dir")
    gone = keep(json.dumps([{"relpath": "b", "md5": old}]).encode(), ".dir")
    assert unused([listed, alone]) == [gone, old]  # the list before what it names
    assert set(unused()) == {inside, alone, old, listed, gone}


@pytest.mark.parametrize("place", ["dvc.lock", "conf/smoke/dvc.lock", "data/raw.csv.dvc"])
def test_what_a_file_of_dvc_names_stays(repository, keep, unused, place):
    named = keep(b"named")
    (repository / place).parent.mkdir(parents=True, exist_ok=True)
    (repository / place).write_text(f"outs:\n- md5: {named}\n  path: some\n")
    assert unused() == []
    (repository / place).unlink()
    assert unused() == [named]


def test_the_way_back_from_a_restore_stays(repository, keep, unused):
    md5 = keep(b"before")
    notes = repository / ".dvc/tmp/before_restore.json"
    notes.write_text(json.dumps([{"outputs": {"ingest": {"outs": [{"md5": md5}]}}}]))
    assert unused() == []


def test_what_is_young_stays(keep, unused):
    keep(b"young", days=6)
    old = keep(b"old", days=8)
    assert unused() == [old]


def test_a_cache_elsewhere_is_refused(repository, unused, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("shared")
    dvc = (sys.executable, "-m", "dvc", "cache", "dir", str(elsewhere))
    subprocess.run(dvc, cwd=repository, check=True)
    with pytest.raises(VersioningError, match="lies outside the project and may be shared"):
        unused()
