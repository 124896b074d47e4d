"""Distances in closed form, and a space that comes back from a file or is refused."""

import numpy as np
import pytest
from safetensors.numpy import save_file

from dermaflow.errors import WeightsError
from dermaflow.ml.evaluation.feature_space import SPACE_FILE, FeatureSpace, load_feature_space


@pytest.fixture
def space():
    """Around (1, 0); the first direction counts double; classes there and on the other side."""
    return FeatureSpace(
        np.array([1, 0], np.float32),
        np.diag([2, 1]).astype(np.float32),
        np.array([[0, 0], [-4, 0]], np.float32),
    )


def test_the_distance_is_to_the_nearest_class_whatever_the_length(space):
    features = np.array([[1, 0], [7, 0], [-3, 0], [0, 5], [3, 4], [-3, 4]], np.float32)
    # (0.6, 0.8) is 0.4 to the left of the centre, which counts double, and 0.8 above it.
    aside = np.hypot(0.8, 0.8)
    np.testing.assert_allclose(space.distances(features), [0, 0, 0, 5**0.5, aside, aside], 1e-6)
    assert space.distances(features).dtype == np.float32
    assert space.distances(np.empty((0, 2), np.float32)).shape == (0,)


def test_features_that_are_all_zero_have_a_distance(space):
    np.testing.assert_allclose(space.distances(np.zeros((1, 2), np.float32)), [2])


def test_a_distance_does_not_depend_on_the_images_beside_it(space):
    rng = np.random.default_rng(0)
    wide = FeatureSpace(
        rng.normal(size=64).astype(np.float32),
        rng.normal(size=(64, 64)).astype(np.float32),
        rng.normal(size=(3, 64)).astype(np.float32),
    )
    features = rng.normal(size=(33, 64)).astype(np.float32)
    alone = np.concatenate([wide.distances(row[None]) for row in features])
    np.testing.assert_allclose(wide.distances(features), alone, rtol=1e-6)


def test_it_comes_back_from_its_file(space, tmp_path):
    save_file(space.to_arrays(), tmp_path / SPACE_FILE)
    loaded = load_feature_space(tmp_path, space.digest())
    for name, array in space.to_arrays().items():
        np.testing.assert_array_equal(loaded.to_arrays()[name], array)


def test_a_missing_damaged_or_other_file_is_refused(space, tmp_path):
    with pytest.raises(WeightsError, match=f"{SPACE_FILE} is not readable"):
        load_feature_space(tmp_path, space.digest())
    save_file(space.to_arrays(), tmp_path / SPACE_FILE)
    with pytest.raises(WeightsError, match="was chosen with 0123; run the evaluate stage again"):
        load_feature_space(tmp_path, "0123")
    content = bytearray((tmp_path / SPACE_FILE).read_bytes())
    content[-1] ^= 1
    (tmp_path / SPACE_FILE).write_bytes(content)
    with pytest.raises(WeightsError):
        load_feature_space(tmp_path, space.digest())
    (tmp_path / SPACE_FILE).write_bytes(content[:20])
    with pytest.raises(WeightsError, match="is not readable"):
        load_feature_space(tmp_path, space.digest())


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("centre", None, "lacks 'centre'"),
        ("means", np.ones((2, 3), np.float32), "of shapes"),
        ("means", np.ones((0, 2), np.float32), "of shapes"),
        ("whitening", np.ones(2, np.float32), "of shapes"),
        ("centre", np.array([1, np.nan], np.float32), "no number"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(space, name, value, message):
    arrays = {**space.to_arrays(), name: value}
    if value is None:
        del arrays[name]
    with pytest.raises(WeightsError, match=message):
        FeatureSpace.from_arrays(arrays)
