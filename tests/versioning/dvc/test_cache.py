"""What DVC's cache holds, whether it is sound, and how it is filled from a remote."""

import json
import shutil
from pathlib import Path

import pytest
from dvc.repo import Repo

from dermaflow.errors import VersioningError
from dermaflow.versioning.dvc.cache import DvcCache
from dermaflow.versioning.dvc.commit import _dvc_stages, in_cache
from dermaflow.versioning.dvc.remote import fetch
from dermaflow.versioning.restore.restore_run import require_raw
from dermaflow.versioning.stages.damage import Expected, explain
from dermaflow.versioning.stages.fingerprint import hash_path


@pytest.fixture
def project(repo):
    return Path(repo.root_dir)


@pytest.fixture
def cache(project):
    return DvcCache.of(project)


@pytest.fixture
def md5(project):
    return hash_path(project / "data/raw")


def damage(item):
    """Other content of the same size, write-protected as DVC leaves its objects."""
    item.path.chmod(0o644)
    item.path.write_bytes(b"\0" * item.path.stat().st_size)
    item.path.chmod(0o444)


def test_a_sound_cache_holds_all_that_is_listed(cache, md5):
    assert {item.name for item in cache.objects(md5)} == {"", "images/a.png", "list.csv"}
    assert not cache.missing([md5])
    assert cache.damaged(md5) == []


@pytest.mark.parametrize("name", ["", "images/a.png", "list.csv"])
def test_what_is_damaged_or_missing_is_told_by_its_name(cache, md5, name):
    (item,) = [item for item in cache.objects(md5) if item.name == name]
    damage(item)
    assert [found.name for found in cache.damaged(md5)] == [name]
    item.path.unlink()
    assert cache.damaged(md5) == []
    assert cache.missing([md5])


def test_an_output_is_cached_only_with_all_its_files(cache, md5):
    assert in_cache(cache, [md5])
    assert not in_cache(cache, [md5, None])
    assert not in_cache(None, [md5])
    next(item for item in cache.objects(md5) if item.name).path.unlink()
    assert not in_cache(cache, [md5])


def test_an_error_of_dvc_comes_with_what_it_means(project, monkeypatch):
    file = project / "dvc.yaml"  # there is none
    message = r"^DVC could not save the outputs: .*dvc\.yaml.*; so$"
    with pytest.raises(VersioningError, match=message), _dvc_stages(file, "so") as load:
        load("make")
    monkeypatch.delattr("dvc.lock.make_lock")
    message = r"is not one that is supported: .*make_lock.*; so$"
    with pytest.raises(VersioningError, match=message), _dvc_stages(file, "so"):
        pass


def test_the_cache_is_where_dvc_is_told_to_keep_it(repo, project, md5, tmp_path):
    shutil.move(project / ".dvc/cache", tmp_path / "shared")
    with repo.config.edit() as conf:
        conf["cache"]["dir"] = str(tmp_path / "shared")
    assert DvcCache.of(project).folder == tmp_path / "shared/files/md5"
    assert not DvcCache.of(project).missing([md5])


def test_without_dvc_there_is_no_cache(tmp_path):
    assert DvcCache.of(tmp_path) is None


def test_an_empty_cache_is_filled_from_the_remote(repo, project, cache, md5, tmp_path, caplog):
    assert "no remote" in fetch(project, [md5])
    with repo.config.edit() as conf:
        conf["core"]["remote"] = "store"
        conf["remote"]["store"] = {"url": str(tmp_path / "store")}
    with Repo(str(project)) as repo:
        repo.push()
    shutil.rmtree(cache.folder)
    assert "'store'" in fetch(project, [md5, "0" * 32])
    assert not cache.missing([md5])
    assert cache.damaged(md5) == []
    assert cache.missing(["0" * 32])

    shutil.rmtree(cache.folder)
    shutil.rmtree(tmp_path / "store")
    (tmp_path / "store").write_text("no folder")
    caplog.clear()
    fetch(project, [md5])
    assert "DVC's remote 'store': " in caplog.text
    assert cache.missing([md5])


NO_COPY = "DVC has no copy of it, here or on a remote: find one elsewhere"


@pytest.mark.parametrize(
    ("broken", "remote", "expected"),
    [
        ("", False, ["else move it away; `dvc checkout data/raw` brings it back"]),
        ("missing", True, ["else move it away; `dvc pull data/raw` brings it back"]),
        ("missing", False, [f"else move it away; {NO_COPY}"]),
        (
            "damaged",
            True,
            ["so is its copy in DVC's cache, .dvc/cache/files/md5/", "`dvc pull data/raw` brings"],
        ),
        ("damaged", False, [f"move both away; {NO_COPY}"]),
    ],
)
def test_the_way_back_depends_on_dvcs_copy(repo, project, cache, md5, broken, remote, expected):
    picture = project / "data/raw/images/a.png"
    picture.write_bytes(b"\0" * 256)
    if remote:
        with repo.config.edit() as conf:
            conf["core"]["remote"] = "store"
            conf["remote"]["store"] = {"url": "/store"}
    (item,) = [item for item in cache.objects(md5) if item.name == "images/a.png"]
    if broken == "missing":
        item.path.unlink()
    if broken == "damaged":
        damage(item)
    text = explain(project, Expected("data/raw", [md5], "data/raw.dvc", filed=True))
    assert text.startswith("data/raw/images/a.png is not what data/raw.dvc says")
    assert all(part in text for part in expected)


def test_what_dvc_is_told_to_leave_out_is_not_called_damaged(project, md5):
    (project / ".dvcignore").write_text("notes*\n")
    (project / "data/raw/images/notes.txt").write_text("x")
    text = explain(project, Expected("data/raw", [md5], "data/raw.dvc", filed=True))
    assert text.startswith("data/raw/images/notes.txt is left out by .dvcignore")


def test_a_file_that_is_not_listed_is_named_too(project, md5):
    (project / "data/raw/images/extra.png").write_bytes(b"x")
    (project / "data/raw/list.csv").unlink()
    text = explain(project, Expected("data/raw", [md5], "data/raw.dvc", filed=True))
    assert text.startswith("data/raw/images/extra.png (and 1 more) is not what")


def test_what_dvc_cannot_bring_back_only_its_stage_can(project):
    expected = Expected("data/raw/list.csv", ["0" * 32], "validate", filed=False)
    text = explain(project, expected)
    assert "data/raw/list.csv is not what validate wrote" in text
    assert "`--pipelines validate` makes it again" in text
    assert "dvc" not in text


def test_raw_data_are_replaced_only_if_dvc_has_a_copy(project, cache, md5):
    other = {"data/raw": "0" * 32 + ".dir"}
    require_raw(project, other)  # what is here is what data/raw.dvc says, and cached
    require_raw(project, {"data/gone": "0" * 32})
    (item,) = [item for item in cache.objects(md5) if item.name == "list.csv"]
    content = item.path.read_bytes()
    item.path.unlink()
    with pytest.raises(VersioningError, match="`dvc add data/raw` first"):
        require_raw(project, other)
    item.path.write_bytes(content)
    (project / "data/raw/list.csv").write_text("changed")
    with pytest.raises(VersioningError, match="`dvc add data/raw` first"):
        require_raw(project, other)
    require_raw(project, {"data/raw": hash_path(project / "data/raw")})  # it is that already


def test_a_list_is_read_only_if_it_is_sound(cache, md5):
    top = next(iter(cache.objects(md5)))
    listed = {entry["relpath"]: entry["md5"] for entry in json.loads(top.path.read_bytes())}
    assert cache.listing(md5) == listed
    damage(top)
    assert cache.listing(md5) == {}
