"""Features of a picture: how many, in which order, in a mirror, and as bytes."""

import numpy as np
import pytest

from data.duplicates.drawn import WIDTH, blank, draw, mirror
from dermaflow.data.duplicates.keypoints import (
    LENGTH,
    RECORD,
    TURN,
    UNIT,
    Keypoints,
    detect,
    root_sift,
)


def products(first, second):
    """Of descriptors that are told as 255 times vectors of unit length."""
    return first.astype(float) @ second.T.astype(float) / 255**2


def equal(first, second):
    for name in ("points", "sizes", "angles", "descriptors"):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))
    return True


def test_as_many_features_as_asked_for_are_the_strongest_of_more():
    few, many = detect(draw(1), 30), detect(draw(1), 60)
    assert (len(few), len(many)) == (30, 60)
    assert many.points.shape == (60, 2)
    assert (many.descriptors.shape, many.descriptors.dtype) == ((60, LENGTH), np.uint8)
    np.testing.assert_array_equal(few.points, many.points[:30])
    np.testing.assert_array_equal(few.descriptors, many.descriptors[:30])


def test_points_are_x_and_y_of_the_picture():
    points = detect(draw(1), 100).points / UNIT
    # The spot, in which all texture lies, is centred on a picture that is wider than high.
    assert np.abs(points.mean(axis=0) - (80, 60)).max() < 6
    pixels = blank()
    pixels[10:22, 130:142] = 20
    points = detect(pixels, 100).points / UNIT
    assert len(points) > 0
    assert np.abs(points - (136, 16)).max() < 16


def test_a_blank_picture_has_no_feature():
    found = detect(blank(), 50)
    assert (found.points.shape, found.descriptors.shape) == ((0, 2), (0, LENGTH))
    assert equal(Keypoints.unpack(found.pack(50), 0), found)


def test_a_mirrored_picture_has_the_mirrored_features():
    here, there = detect(draw(1), 100), detect(mirror(draw(1)), 100)
    likeness = products(here.mirrored().descriptors, there.descriptors)
    assert np.median(likeness.max(axis=1)) > 0.98
    unlike = products(here.descriptors, there.descriptors)
    assert np.median(unlike.max(axis=1)) < 0.9
    # x runs to the left of the edge: the pixel columns add up to the last one.
    like = likeness.argmax(axis=1)
    places = here.mirrored().points / UNIT + np.array([WIDTH - 1, 0])
    assert np.median(np.abs(places - there.points[like] / UNIT).max(axis=1)) < 1
    turned = (here.mirrored().angles - there.angles[like] + TURN // 2) % TURN - TURN // 2
    assert np.median(np.abs(turned)) <= 2


def test_in_two_mirrors_all_is_as_it_was():
    features = detect(draw(1), 20)
    assert equal(features.mirrored().mirrored(), features)
    assert (features.mirrored().descriptors != features.descriptors).any(axis=1).all()


def test_a_record_of_fixed_size_gives_the_features_back():
    features = detect(draw(1), 20)
    record = features.pack(30)
    assert (record.shape, record.dtype) == ((30, RECORD), np.uint8)
    assert not record[20:].any()
    assert equal(Keypoints.unpack(record, 20), features)


def test_products_of_root_sift_are_hellingers_kernel():
    descriptors = np.zeros((3, LENGTH), np.uint8)
    descriptors[0, :2] = 50, 50
    descriptors[1, 1:3] = 8, 8  # half of it where the first has half, however weak
    rooted = root_sift(descriptors)
    expected = np.array([[1, 0.5], [0.5, 1]])
    assert products(rooted, rooted)[:2, :2] == pytest.approx(expected, abs=0.01)
    assert not rooted[2].any()  # of nothing, and no division by zero
