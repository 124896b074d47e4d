"""Hashes that DVC would write."""

import os

import pytest
from dvc.repo import Repo

from dermaflow.versioning.stages.fingerprint import HashCache, hash_path


@pytest.fixture
def tree(tmp_path):
    (tmp_path / "tree/b").mkdir(parents=True)
    (tmp_path / "tree/a.bin").write_bytes(bytes(range(256)) * 50)
    (tmp_path / "tree/b/ü.txt").write_bytes(b"Zeile\r\nnoch eine\n")
    (tmp_path / "tree/b.txt").write_text("sorts before b/")
    (tmp_path / "tree/__pycache__").mkdir()
    (tmp_path / "tree/__pycache__/x.pyc").write_text("no part of it")
    for name in (".git", ".hg"):
        (tmp_path / "tree" / name).mkdir()
        (tmp_path / "tree" / name / "config").write_text("no part of it either")
    (tmp_path / "tree/b/.git").write_text("gitdir: elsewhere")
    return tmp_path / "tree"


def test_files_and_folders_hash_as_in_a_dvc_file(tree, tmp_path):
    (tmp_path / ".dvcignore").write_text("__pycache__\n*.pyc\n")
    repo = Repo.init(str(tmp_path), no_scm=True)
    repo.add([str(tree), str(tree.parent / ".dvcignore")])
    for path in (tree, tmp_path / ".dvcignore"):
        (stage,) = repo.stage.collect(f"{path}.dvc")
        assert hash_path(path) == stage.outs[0].hash_info.value
    assert hash_path(tree).endswith(".dir")


def test_nothing_has_no_hash(tmp_path):
    assert hash_path(tmp_path / "nothing") is None
    assert HashCache(tmp_path / "hashes.json").hash(tmp_path / "nothing") is None


def test_a_link_that_leads_nowhere_counts_as_nothing(tree, tmp_path):
    before = hash_path(tree)
    (tree / "b/gone.jpg").symlink_to(tmp_path / "nowhere.jpg")
    assert HashCache(tmp_path / "hashes.json").hash(tree) == before


def test_a_cache_sees_every_change_of_content(tree, tmp_path):
    cache = HashCache(tmp_path / "hashes.json")
    before = cache.hash(tree)
    assert before == hash_path(tree)
    (tree / "b/ü.txt").write_text("changed")
    changed = cache.hash(tree)
    assert changed == hash_path(tree) != before
    (tree / "b/ü.txt").rename(tree / "b/renamed.txt")
    assert cache.hash(tree) == hash_path(tree) != changed


def flip_first_bit(path):
    """Write in place, and bring the time of writing back, as ``cp --preserve`` does."""
    stat = path.stat()
    content = bytearray(path.read_bytes())
    content[0] ^= 1
    with path.open("r+b") as out:
        out.write(content)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def test_other_content_of_the_same_size_and_time_of_writing_is_seen(tree, tmp_path):
    cache = HashCache(tmp_path / "hashes.json")
    value = cache.hash(tree)
    flip_first_bit(tree / "a.bin")
    assert cache.hash(tree) == hash_path(tree) != value


@pytest.mark.usefixtures("failing_disk")
def test_a_saved_cache_spares_reading_what_did_not_change(tree, tmp_path):
    file = tmp_path / "hashes.json"
    cache = HashCache(file)
    value = cache.hash(tree)
    cache.save()
    flip_first_bit(tree / "a.bin")  # only reading would tell
    assert HashCache(file).hash(tree) == value
    file.write_text("damaged")
    assert HashCache(file).hash(tree) == hash_path(tree) != value
