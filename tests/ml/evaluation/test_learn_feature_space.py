"""Distances in the learnt space, against scipy's Mahalanobis distance."""

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import mahalanobis
from sklearn.covariance import LedoitWolf

from dermaflow.ml.evaluation.learn_feature_space import draw_training_images, learn_feature_space


def unit(values):
    return values / np.linalg.norm(values, axis=-1, keepdims=True)


def gaussians(count=400, size=6, seed=0):
    """Features of two classes with one covariance, and their labels."""
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(size, size))
    means = np.stack([np.full(size, 9.0), 9.0 * np.arange(size)])
    labels = np.repeat(["mel", "nv"], count)
    features = np.repeat(means, count, axis=0) + rng.normal(size=(2 * count, size)) @ root.T
    return features.astype(np.float32), labels


def test_distances_are_scipys_to_the_nearest_class():
    features, labels = gaussians()
    space = learn_feature_space(features, labels)
    units = unit(features.astype(float))
    means = {code: units[labels == code].mean(0) for code in ("mel", "nv")}
    rest = units - np.stack([means[code] for code in labels])
    inverse = np.linalg.inv(LedoitWolf(assume_centered=True).fit(rest).covariance_)
    expected = [min(mahalanobis(x, m, inverse) for m in means.values()) for x in units[:50]]
    np.testing.assert_allclose(space.distances(features[:50]), expected, rtol=1e-3)
    np.testing.assert_allclose(space.distances(3 * features[:50]), expected, rtol=1e-3)


def test_fewer_images_than_features_still_tell_near_from_far():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(12, 50)).astype(np.float32)
    space = learn_feature_space(features, ["mel"] * 6 + ["nv"] * 6)
    near, far = features[0], -features[:6].mean(0)
    distances = space.distances(np.stack([near, far]))
    assert np.isfinite(distances).all()
    assert distances[1] > 1.5 * distances[0]


@pytest.mark.parametrize("labels", [["mel"], ["mel", "nv"], ["mel", "mel", "nv"]])
def test_classes_with_one_image_have_a_mean_at_it(labels):
    features = np.arange(1.0, 4.0 * len(labels) + 1, dtype=np.float32).reshape(len(labels), 4)
    if len(labels) == 3:
        features[1] = features[0]  # no class has two that differ
    space = learn_feature_space(features, labels)
    assert space.means.shape == (len(set(labels)), 4)
    np.testing.assert_allclose(space.distances(features), 0, atol=1e-5)
    # Of images that do not differ within a class nothing is known but the plain distance.
    across = np.array([[1, 0, 0, 0]], np.float32)
    expected = np.linalg.norm(unit(across) - unit(features.astype(float)), axis=1).min()
    assert space.distances(across)[0] == pytest.approx(expected, rel=1e-5)


def test_features_that_never_vary_do_no_harm():
    features, labels = gaussians()
    dead = np.concatenate([features, np.zeros((len(features), 3), np.float32)], axis=1)
    distances = learn_feature_space(dead, labels).distances(dead)
    assert np.isfinite(distances).all()


def test_the_same_images_make_the_same_space():
    features, labels = gaussians()
    digests = {learn_feature_space(features, labels).digest() for _ in range(2)}
    assert len(digests) == 1


def manifest():
    return pd.DataFrame(
        {
            "image_id": [f"i{number}" for number in range(60)],
            "label": ["nv"] * 40 + ["mel"] * 12 + ["df"] * 8,
            "split": (["train"] * 3 + ["val"]) * 15,
        }
    )


def test_at_most_so_many_training_images_of_each_class_are_drawn():
    drawn = draw_training_images(manifest(), 7, seed=1)
    assert set(drawn["split"]) == {"train"}
    assert drawn["label"].value_counts().to_dict() == {"nv": 7, "mel": 7, "df": 6}
    assert drawn.index.is_monotonic_increasing
    assert not drawn["image_id"].duplicated().any()
    again, other = (draw_training_images(manifest(), 7, seed=seed) for seed in (1, 2))
    pd.testing.assert_frame_equal(drawn, again)
    assert set(other["image_id"]) != set(drawn["image_id"])


def test_all_are_drawn_where_there_are_no_more():
    table = manifest()
    drawn = draw_training_images(table, 1000, seed=1)
    pd.testing.assert_frame_equal(drawn, table[table["split"] == "train"])
