"""Weights on disk: whole, as they were, and readable by whoever may read new files."""

import json
import stat

import pytest
import torch

from dermaflow.ml.models.save_weights import save_weights
from dermaflow.ml.models.weights import Weights, load_weights

FILES = ["config.json", "model.safetensors"]


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def folder(tmp_path):
    """With weights in it, and a file that does not belong there."""
    save_weights(tmp_path / "classifier", Weights({"old": torch.ones(2)}, {"classes": ["a"]}))
    (tmp_path / "classifier/left.txt").touch()
    return tmp_path / "classifier"


def test_tensors_and_description_come_back_as_they_were(tmp_path):
    turned = torch.arange(24.0).reshape(1, 2, 3, 4).to(memory_format=torch.channels_last)
    learnt = torch.ones(3, requires_grad=True)
    tensors = {"turned": turned, "learnt": learnt, "half": torch.ones(2, dtype=torch.bfloat16)}
    save_weights(tmp_path / "new/classifier", Weights(tensors, {"classes": ["b", "a"]}))
    found = load_weights(tmp_path / "new/classifier")
    assert found.tensors.keys() == tensors.keys()
    for name, tensor in tensors.items():
        assert found.tensors[name].dtype == tensor.dtype
        assert torch.equal(found.tensors[name], tensor)
    assert found.config == {"classes": ["b", "a"]}


def test_what_was_there_is_replaced_as_a_whole(folder):
    save_weights(folder, Weights({"new": torch.zeros(1)}, {}))
    assert names(folder) == FILES
    assert list(load_weights(folder).tensors) == ["new"]
    assert names(folder.parent) == ["classifier"]


def test_what_was_there_stays_where_writing_fails(folder):
    with pytest.raises(TypeError):
        save_weights(folder, Weights({"new": torch.zeros(1)}, {"classes": {"a", "b"}}))
    assert names(folder) == sorted([*FILES, "left.txt"])
    assert list(load_weights(folder).tensors) == ["old"]
    assert names(folder.parent) == ["classifier"]


def test_both_files_have_the_mode_of_new_files(folder):
    usual = stat.S_IMODE((folder / "left.txt").stat().st_mode)
    assert [stat.S_IMODE((folder / name).stat().st_mode) for name in FILES] == [usual] * 2


def test_the_description_is_the_same_text_whatever_the_order_of_its_keys(tmp_path):
    texts = set()
    for config in ({"b": 1, "a": {"d": 2, "c": 3}}, {"a": {"c": 3, "d": 2}, "b": 1}):
        save_weights(tmp_path / "weights", Weights({}, config))
        texts.add((tmp_path / "weights/config.json").read_text())
    (text,) = texts
    assert json.loads(text) == {"a": {"c": 3, "d": 2}, "b": 1}
    assert text.endswith("}\n")
