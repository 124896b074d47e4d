"""Files and folders appear whole or not at all."""

import errno
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from safetensors import SafetensorError
from safetensors.numpy import save_file

from dermaflow.io.atomic_files import (
    durable_file,
    new_folder,
    replacing_file,
    replacing_folder,
    written_by_safetensors,
)


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


def test_a_folder_is_replaced_where_the_system_cannot_swap_two(tmp_path, monkeypatch):
    monkeypatch.setattr("dermaflow.io.atomic_files._renameat2", lambda: None)
    test_a_folder_is_replaced_as_a_whole(tmp_path)


def test_a_new_folder_appears_as_a_whole_and_a_failed_block_leaves_nothing(tmp_path):
    with new_folder(tmp_path / "a") as partial:
        (partial / "new").touch()
        assert not (tmp_path / "a").exists()
    with pytest.raises(RuntimeError), new_folder(tmp_path / "b") as partial:
        (partial / "new").touch()
        raise RuntimeError
    assert names(tmp_path) == ["a"]
    assert names(tmp_path / "a") == ["new"]


@pytest.mark.parametrize("when", ["before", "meanwhile"])
@pytest.mark.parametrize("kind", ["folder", "file", "link"])
def test_a_new_folder_replaces_nothing(tmp_path, when, kind):
    def plant():
        if kind == "folder":
            (tmp_path / "a").mkdir()
            (tmp_path / "a/old").touch()
        elif kind == "file":
            (tmp_path / "a").touch()
        else:
            (tmp_path / "a").symlink_to("nowhere")

    if when == "before":
        plant()
    with pytest.raises(FileExistsError) as refused, new_folder(tmp_path / "a") as partial:
        (partial / "new").touch()
        plant()
    assert refused.value.filename == str(tmp_path / "a")
    assert names(tmp_path) == ["a"]
    assert not (tmp_path / "a/new").exists()


def kill_inside(target, code):
    """Let a process be killed at ``code``, run while it replaces the folder ``target``."""
    script = f"""
import os, signal
from dermaflow.io import atomic_files as files
kill = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
with files.replacing_folder({str(target)!r}) as partial:
    (partial / "new").touch()
    {code}
"""
    assert subprocess.run((sys.executable, "-c", script)).returncode == -signal.SIGKILL


def test_what_a_killed_process_left_is_removed_by_the_next(tmp_path):
    target = tmp_path / "a"
    kill_inside(target, "kill()")
    assert [name.endswith(".partial") for name in names(tmp_path)] == [True]
    with suppress(RuntimeError), replacing_file(tmp_path / "b"):  # of another target: not its own
        raise RuntimeError
    assert len(names(tmp_path)) == 1
    with replacing_folder(target) as partial:
        (partial / "newer").touch()
    assert names(tmp_path) == ["a"]


def test_what_a_living_process_writes_is_left_alone(tmp_path):
    with replacing_folder(tmp_path / "a") as first:
        (first / "first").touch()
        with replacing_folder(tmp_path / "a") as second:
            (second / "second").touch()
        assert names(tmp_path / "a") == ["second"]
        assert first.exists()
    assert names(tmp_path / "a") == ["first"]
    assert names(tmp_path) == ["a"]


def test_killed_between_two_renames_the_new_is_put_in_place_by_the_next(tmp_path):
    target = tmp_path / "a"
    with replacing_folder(target) as partial:
        (partial / "old").touch()
    second = "files._renameat2 = lambda: None; rename = files.Path.rename; files.Path.rename = "
    kill_inside(
        target, f"{second}lambda a, b: kill() if str(b) == {str(target)!r} else rename(a, b)"
    )
    assert not target.exists()
    with pytest.raises(RuntimeError), replacing_folder(target):
        raise RuntimeError
    assert names(target) == ["new"]
    assert names(tmp_path) == ["a"]


def test_many_writers_of_one_target_leave_one_of_theirs_and_nothing_else(tmp_path):
    script = f"""
from dermaflow.io.atomic_files import replacing_folder
for _ in range(100):
    with replacing_folder({str(tmp_path / "a")!r}) as partial:
        for name in "xyz":
            (partial / name).touch()
"""
    writers = [subprocess.Popen((sys.executable, "-c", script)) for _ in range(3)]
    assert [writer.wait() for writer in writers] == [0, 0, 0]
    assert names(tmp_path) == ["a"]
    assert names(tmp_path / "a") == ["x", "y", "z"]


def test_a_failed_rename_puts_the_old_back(tmp_path, monkeypatch):
    with replacing_folder(tmp_path / "a") as partial:
        (partial / "old").touch()
    monkeypatch.setattr("dermaflow.io.atomic_files._renameat2", lambda: None)
    rename = Path.rename

    def fail_for_the_new(self, target):
        if (self.name, target) == ("a", tmp_path / "a"):
            raise OSError("disk gone")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fail_for_the_new)
    with pytest.raises(OSError, match="disk gone"), replacing_folder(tmp_path / "a") as partial:
        (partial / "new").touch()
    assert names(tmp_path / "a") == ["old"]
    assert names(tmp_path) == ["a"]


def test_only_a_lack_of_room_is_put_down_to_the_target(tmp_path):
    for number, named in ((errno.ENOSPC, str(tmp_path / "a")), (errno.EACCES, None)):
        with pytest.raises(OSError) as caught, replacing_file(tmp_path / "a"):
            raise OSError(number, os.strerror(number))
        assert caught.value.filename == named


def test_a_file_is_replaced_or_left(tmp_path):
    with replacing_file(tmp_path / "sub" / "a") as partial:
        partial.write_text("old")
    with pytest.raises(RuntimeError), replacing_file(tmp_path / "sub" / "a") as partial:
        partial.write_text("new")
        raise RuntimeError
    assert names(tmp_path / "sub") == ["a"]
    assert (tmp_path / "sub" / "a").read_text() == "old"


def test_tensors_can_be_read_by_whoever_may_read_new_files(tmp_path):
    """The safetensors library would leave them to their owner alone."""
    (tmp_path / "usual").touch()
    with written_by_safetensors(tmp_path / "tensors"):
        save_file({"a": np.zeros(2)}, tmp_path / "tensors")
    assert (tmp_path / "tensors").stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_tensors_that_the_system_cannot_write_are_an_error_of_the_system(tmp_path):
    """Those that find no room are in test_full_disk.py."""
    (tmp_path / "tensors").mkdir()
    with pytest.raises(IsADirectoryError), written_by_safetensors(tmp_path / "tensors"):
        save_file({"a": np.zeros(2)}, tmp_path / "tensors")
    with pytest.raises(SafetensorError), written_by_safetensors(tmp_path / "others"):
        raise SafetensorError("a defect")


def test_a_durable_file_replaces_the_old_one_or_leaves_it(tmp_path):
    target = tmp_path / "file"
    target.write_text("old")
    with pytest.raises(ZeroDivisionError), durable_file(target) as partial:
        partial.write_text("half")
        raise ZeroDivisionError
    assert target.read_text() == "old"
    with durable_file(target) as partial:
        partial.write_text("new")
        assert target.read_text() == "old"
    assert target.read_text() == "new"
    assert list(tmp_path.iterdir()) == [target]
