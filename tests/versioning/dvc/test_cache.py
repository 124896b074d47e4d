"""What DVC's cache holds, and whether it is sound."""

import json
import shutil

import pytest

from dermaflow.versioning.dvc.cache import DvcCache


def test_a_sound_cache_holds_all_that_is_listed(cache, md5):
    assert {item.name for item in cache.objects(md5)} == {"", "images/a.png", "list.csv"}
    assert not cache.missing([md5])
    assert cache.damaged(md5) == []


@pytest.mark.parametrize("name", ["", "images/a.png", "list.csv"])
def test_what_is_damaged_or_missing_is_told_by_its_name(cache, md5, damage, name):
    (item,) = [item for item in cache.objects(md5) if item.name == name]
    damage(item)
    assert [found.name for found in cache.damaged(md5)] == [name]
    item.path.unlink()
    assert cache.damaged(md5) == []
    assert cache.missing([md5])


def test_the_cache_is_where_dvc_is_told_to_keep_it(repo, project, md5, tmp_path):
    shutil.move(project / ".dvc/cache", tmp_path / "shared")
    with repo.config.edit() as conf:
        conf["cache"]["dir"] = str(tmp_path / "shared")
    assert DvcCache.of(project).folder == tmp_path / "shared/files/md5"
    assert not DvcCache.of(project).missing([md5])


def test_without_dvc_there_is_no_cache(tmp_path):
    assert DvcCache.of(tmp_path) is None


def test_a_list_is_read_only_if_it_is_sound(cache, md5, damage):
    top = next(iter(cache.objects(md5)))
    listed = {entry["relpath"]: entry["md5"] for entry in json.loads(top.path.read_bytes())}
    assert cache.listing(md5) == listed
    damage(top)
    assert cache.listing(md5) == {}
