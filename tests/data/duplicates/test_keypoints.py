"""Features of a picture: how many, in which order, and in a mirror."""

import numpy as np
import pytest

from data.duplicates.drawn import WIDTH, blank, draw, mirror
from dermaflow.data.duplicates.keypoints import LENGTH, Keypoints, detect, root_sift


def test_as_many_features_as_asked_for_are_the_strongest_of_more():
    few, many = detect(draw(1), 30), detect(draw(1), 60)
    assert (len(few), len(many)) == (30, 60)
    assert many.points.shape == (60, 2)
    assert (many.descriptors.shape, many.descriptors.dtype) == ((60, LENGTH), np.uint8)
    np.testing.assert_array_equal(few.points, many.points[:30])
    np.testing.assert_array_equal(few.descriptors, many.descriptors[:30])


def test_points_are_x_and_y_of_the_picture():
    points = detect(draw(1), 100).points
    # The spot, in which all texture lies, is centred on a picture that is wider than high.
    assert np.abs(points.mean(axis=0) - (80, 60)).max() < 6
    pixels = blank()
    pixels[10:22, 130:142] = 20
    points = detect(pixels, 100).points
    assert len(points) > 0
    assert np.abs(points - (136, 16)).max() < 16


def test_a_blank_picture_has_no_feature():
    found = detect(blank(), 50)
    assert (found.points.shape, found.descriptors.shape) == ((0, 2), (0, LENGTH))
    assert (found.points.dtype, found.descriptors.dtype) == (np.float32, np.uint8)


def test_a_mirrored_picture_has_the_mirrored_features():
    here, there = detect(draw(1), 100), detect(mirror(draw(1)), 100)
    likeness = root_sift(here.mirrored().descriptors) @ root_sift(there.descriptors).T
    assert np.median(likeness.max(axis=1)) > 0.98
    unlike = root_sift(here.descriptors) @ root_sift(there.descriptors).T
    assert np.median(unlike.max(axis=1)) < 0.9
    # x runs to the left of the edge: the pixel columns add up to the last one.
    places = here.mirrored().points + np.array([WIDTH - 1, 0])
    near = np.abs(places - there.points[likeness.argmax(axis=1)]).max(axis=1)
    assert np.median(near) < 1


def test_in_two_mirrors_all_is_as_it_was():
    descriptors = np.random.default_rng(0).integers(0, 255, (5, LENGTH), np.uint8)
    features = Keypoints(np.arange(10, dtype=np.float32).reshape(5, 2), descriptors)
    again = features.mirrored().mirrored()
    np.testing.assert_array_equal(again.points, features.points)
    np.testing.assert_array_equal(again.descriptors, descriptors)
    assert (features.mirrored().descriptors != descriptors).any(axis=1).all()


def test_products_of_root_sift_are_hellingers_kernel():
    descriptors = np.zeros((3, LENGTH), np.uint8)
    descriptors[0, :2] = 50, 50
    descriptors[1, 1:3] = 8, 8  # half of it where the first has half, however weak
    rooted = root_sift(descriptors)
    assert (rooted @ rooted.T)[:2, :2] == pytest.approx(np.array([[1, 0.5], [0.5, 1]]))
    assert not rooted[2].any()  # of nothing, and no division by zero
