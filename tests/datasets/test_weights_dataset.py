"""Weights in the catalog: a folder of two files, which is there or not."""

import pytest
import torch
from kedro.io import DatasetError

from dermaflow.datasets import WeightsDataset
from dermaflow.errors import WeightsError
from dermaflow.ml.models.weights import CONFIG_FILE, TENSORS_FILE, Weights

WEIGHTS = Weights({"fc.bias": torch.tensor([1.5, -2.0])}, {"classes": ["mel", "nv"]})


@pytest.fixture
def dataset(tmp_path):
    return WeightsDataset(filepath=str(tmp_path / "weights"))


def test_tensors_and_description_come_back(dataset):
    assert not dataset.exists()
    dataset.save(WEIGHTS)
    assert dataset.exists()
    loaded = dataset.load()
    assert loaded.config == WEIGHTS.config
    assert {name: tensor.tolist() for name, tensor in loaded.tensors.items()} == {
        "fc.bias": [1.5, -2.0]
    }


@pytest.mark.parametrize("name", [TENSORS_FILE, CONFIG_FILE])
@pytest.mark.parametrize("damage", ["gone", "cut short"])
def test_a_file_that_is_missing_or_damaged_is_named(dataset, tmp_path, name, damage):
    dataset.save(WEIGHTS)
    path = tmp_path / "weights" / name
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:9])
    with pytest.raises(DatasetError, match=str(path)) as caught:
        dataset.load()
    assert isinstance(caught.value.__cause__, WeightsError)


def test_what_cannot_be_described_leaves_the_old_weights_alone(dataset, tmp_path):
    dataset.save(WEIGHTS)
    with pytest.raises(DatasetError):
        dataset.save(Weights({"fc.bias": torch.zeros(2)}, {"classes": {"a set"}}))
    assert dataset.load().tensors["fc.bias"].tolist() == [1.5, -2.0]
    assert [path.name for path in tmp_path.iterdir()] == ["weights"]
