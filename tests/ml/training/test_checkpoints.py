"""Checkpoints: what was saved comes back to the bit, or the one before does, with a reason."""

import errno

import pytest
import torch

from dermaflow.ml.training.checkpoints import (
    Checkpoint,
    CheckpointError,
    Checkpoints,
    read_checkpoint,
)

MADE_FROM = {
    "parameters": {"train": {"epochs": 3, "loss": {"gamma": 0.1}}},
    "code": {"fit.py": "a"},
}


def checkpoint(steps):
    random = torch.Generator().manual_seed(steps)
    tensors = {
        "network.weight": torch.randn(3, 4, generator=random).to(
            memory_format=torch.preserve_format
        ),
        "counter": torch.tensor(steps),
        "half": torch.randn(5, generator=random).bfloat16(),
        "empty": torch.empty(0),
        "channels_last": torch.randn(1, 2, 3, 3).to(memory_format=torch.channels_last),
    }
    return Checkpoint(steps, tensors, {"epoch": 1, "history": [{"loss": 0.1 + 0.2}]})


@pytest.fixture
def checkpoints(tmp_path):
    return Checkpoints(tmp_path / "training", MADE_FROM)


def files(tmp_path):
    return sorted((tmp_path / "training").iterdir())


def test_what_was_saved_comes_back_to_the_bit(checkpoints):
    saved = checkpoint(7)
    checkpoints.save(saved)
    found = checkpoints.latest()
    assert (found.steps, found.facts) == (7, saved.facts)
    assert found.tensors.keys() == saved.tensors.keys()
    for name, tensor in saved.tensors.items():
        assert found.tensors[name].dtype == tensor.dtype
        assert torch.equal(found.tensors[name], tensor), name


def test_facts_keep_their_order_so_that_outputs_are_equal_to_the_byte(checkpoints):
    saved = Checkpoint(7, checkpoint(7).tensors, {"z": 1, "a": {"y": 2, "b": 3}})
    assert checkpoints.save(saved)
    assert list(checkpoints.latest().facts) == ["z", "a"]
    assert list(checkpoints.latest().facts["a"]) == ["y", "b"]


def test_there_is_none_before_the_first(checkpoints):
    assert checkpoints.latest() is None


def test_the_last_two_are_kept(checkpoints, tmp_path):
    for steps in (9, 10, 100):
        checkpoints.save(checkpoint(steps))
    assert [read_checkpoint(path).steps for path in files(tmp_path)] == [10, 100]
    assert checkpoints.latest().steps == 100


@pytest.mark.parametrize("place", [0.0001, 0.01, 0.4, 0.999])
def test_one_flipped_bit_anywhere_and_the_one_before_is_taken(checkpoints, tmp_path, place, caplog):
    checkpoints.save(checkpoint(1))
    checkpoints.save(checkpoint(2))
    path = files(tmp_path)[1]
    content = bytearray(path.read_bytes())
    content[int(place * len(content))] ^= 0b100
    path.write_bytes(content)
    assert checkpoints.latest().steps == 1
    assert f"{path} is passed over" in caplog.text


@pytest.mark.parametrize("content", [b"", b"\x80\x04pickle", b"<html>", b"\xff" * 100])
def test_what_is_no_checkpoint_is_passed_over(checkpoints, tmp_path, content):
    checkpoints.save(checkpoint(1))
    checkpoints.save(checkpoint(2))
    files(tmp_path)[1].write_bytes(content)
    assert checkpoints.latest().steps == 1
    files(tmp_path)[0].write_bytes(content)
    assert checkpoints.latest() is None


def test_one_cut_short_at_any_place_is_known(checkpoints, tmp_path):
    checkpoints.save(checkpoint(1))
    (path,) = files(tmp_path)
    content = path.read_bytes()
    for length in range(0, len(content), 61):
        path.write_bytes(content[:length])
        with pytest.raises(CheckpointError):
            read_checkpoint(path)


def test_one_of_another_training_is_refused_with_what_differs(checkpoints, tmp_path, caplog):
    checkpoints.save(checkpoint(5))
    other = Checkpoints(
        tmp_path / "training",
        {"parameters": {"train": {"epochs": 4, "loss": {"gamma": 0.1}}}, "code": {"fit.py": "b"}},
    )
    assert other.latest() is None
    assert "made with other code.fit.py, parameters.train.epochs" in caplog.text
    # As long as the other has saved nothing, whoever changed a parameter by mistake can go back.
    assert checkpoints.latest().steps == 5
    other.save(checkpoint(1))
    assert checkpoints.latest() is None
    assert other.latest().steps == 1


def test_a_full_disk_leaves_what_is_there_and_says_so(checkpoints, tmp_path, monkeypatch, caplog):
    checkpoints.save(checkpoint(1))

    def fail(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", fail)
    assert checkpoints.save(checkpoint(2)) is False
    monkeypatch.undo()
    assert "No space left for a checkpoint" in caplog.text
    assert [path.name.split("_")[1] for path in files(tmp_path)] == ["000000001.safetensors"]
    assert checkpoints.save(checkpoint(3)) is True


def test_other_errors_of_the_disk_are_not_hidden(checkpoints, tmp_path):
    (tmp_path / "training").write_text("a file where the folder should be")
    with pytest.raises(OSError):
        checkpoints.save(checkpoint(1))
