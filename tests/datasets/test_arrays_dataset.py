"""Named arrays come back as they were, and replace the old ones whole."""

import numpy as np
import pytest
from kedro.io import DatasetError

from dermaflow.datasets import ArraysDataset


@pytest.fixture
def dataset(tmp_path):
    return ArraysDataset(filepath=str(tmp_path / "arrays.safetensors"))


@pytest.mark.parametrize("dtype", ["uint8", "bool", "int64", "float16", "float32", "float64"])
def test_arrays_come_back_by_their_names_with_dtype_and_shape(dataset, dtype):
    arrays = {
        "b": np.arange(24).reshape(2, 3, 4).astype(dtype),
        "a": np.zeros((0, 5), dtype),
        "of one": np.ones(1, dtype),
    }
    dataset.save(arrays)
    loaded = dataset.load()
    assert loaded.keys() == arrays.keys()
    for name, array in arrays.items():
        assert loaded[name].dtype == dtype
        assert loaded[name].shape == array.shape
        assert np.array_equal(loaded[name], array)


def test_views_that_are_not_contiguous_keep_the_order_of_their_values(dataset):
    whole = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    views = {"channels_first": whole.transpose(2, 0, 1), "mirrored": whole[:, ::-1], "x": whole[0]}
    dataset.save(views)
    loaded = dataset.load()
    assert loaded["channels_first"][3, 1, 2] == whole[1, 2, 3] == 23
    assert all(np.array_equal(loaded[name], view) for name, view in views.items())


def test_what_cannot_be_saved_leaves_the_old_arrays_alone(dataset, tmp_path):
    assert not dataset.exists()
    dataset.save({"a": np.arange(3)})
    with pytest.raises(DatasetError):
        dataset.save({"a": np.array([{}, None])})
    assert dataset.exists()
    assert dataset.load()["a"].tolist() == [0, 1, 2]
    assert [path.name for path in tmp_path.iterdir()] == ["arrays.safetensors"]


def test_whoever_may_read_new_files_may_read_the_arrays(dataset, tmp_path):
    dataset.save({"a": np.arange(3)})
    (tmp_path / "new").touch()
    modes = {path.stat().st_mode for path in tmp_path.iterdir()}
    assert len(modes) == 1
