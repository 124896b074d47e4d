"""Files that may not change while a run stands on them."""

import os

import pytest

from dermaflow.errors import BusyError
from dermaflow.versioning.stages.fingerprint import HashCache, hash_path
from dermaflow.versioning.stages.run_files import RunFiles


@pytest.fixture
def files(tmp_path):
    (tmp_path / "store").mkdir()
    for name in ("a", "b"):
        (tmp_path / "store" / name).write_text(name)
    (tmp_path / "metrics.json").write_text("{}")
    files = RunFiles(tmp_path, HashCache(tmp_path / "hashes.json"))
    files.know({name: hash_path(tmp_path / name) for name in ("store", "metrics.json", "gone")})
    return files


def test_what_is_as_it_was_or_was_never_known_may_be_used(files, tmp_path):
    os.utime(tmp_path / "metrics.json")
    files.require("store", "metrics.json", "gone", "another")
    files.require_all()


@pytest.mark.parametrize("change", ["written", "removed", "added to"])
def test_what_is_another_by_now_is_named(files, tmp_path, change):
    if change == "written":
        (tmp_path / "store/a").write_text("c")
    elif change == "removed":
        (tmp_path / "store/a").unlink()
    else:
        (tmp_path / "store/c").write_text("c")
    for look in (files.require_all, lambda: files.require("metrics.json", "store")):
        with pytest.raises(BusyError, match=r"^store was replaced while this run went on"):
            look()
    files.require("metrics.json")


def test_what_the_run_itself_makes_anew_is_known_anew(files, tmp_path):
    (tmp_path / "metrics.json").write_text("[]")
    files.know({"metrics.json": hash_path(tmp_path / "metrics.json")})
    files.require_all()
