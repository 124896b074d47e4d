"""Files and folders appear whole or not at all."""

from pathlib import Path

import pytest

from dermaflow.files import replacing_file, replacing_folder


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_folder_is_replaced_as_a_whole(tmp_path):
    for name in ("old", "new"):
        with replacing_folder(tmp_path / "a") as partial:
            (partial / name).touch()
    assert names(tmp_path) == ["a"]
    assert names(tmp_path / "a") == ["new"]


def test_a_failed_block_leaves_the_old(tmp_path):
    with replacing_folder(tmp_path / "a") as partial:
        (partial / "old").touch()
    with pytest.raises(RuntimeError), replacing_folder(tmp_path / "a") as partial:
        (partial / "new").touch()
        raise RuntimeError
    assert names(tmp_path) == ["a"]
    assert names(tmp_path / "a") == ["old"]


def test_a_failed_rename_puts_the_old_back(tmp_path, monkeypatch):
    with replacing_folder(tmp_path / "a") as partial:
        (partial / "old").touch()
    rename = Path.rename

    def fail_for_the_new(self, target):
        if self.name.endswith(".partial"):
            raise OSError("disk gone")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fail_for_the_new)
    with pytest.raises(OSError, match="disk gone"), replacing_folder(tmp_path / "a") as partial:
        (partial / "new").touch()
    assert names(tmp_path / "a") == ["old"]
    assert names(tmp_path) == ["a"]


def test_a_file_is_replaced_or_left(tmp_path):
    with replacing_file(tmp_path / "sub" / "a") as partial:
        partial.write_text("old")
    with pytest.raises(RuntimeError), replacing_file(tmp_path / "sub" / "a") as partial:
        partial.write_text("new")
        raise RuntimeError
    assert names(tmp_path / "sub") == ["a"]
    assert (tmp_path / "sub" / "a").read_text() == "old"
