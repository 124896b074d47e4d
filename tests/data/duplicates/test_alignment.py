"""A known turn, zoom, shift and mirror image are found again, and chance is not."""

import numpy as np
import pytest

from dermaflow.data.duplicates.alignment import align
from dermaflow.data.duplicates.keypoints import LENGTH, Keypoints

SIDE = 500


def features(count=30, seed=0):
    """Features in random places, no two of them alike."""
    rng = np.random.default_rng(seed)
    points = rng.uniform(0, SIDE, (count, 2)).astype(np.float32)
    return Keypoints(points, rng.integers(0, 120, (count, LENGTH), np.uint8))


def move(keypoints, turn=0.0, zoom=1.0, shift=(0.0, 0.0)):
    """The same features elsewhere; y runs down, so that a turn is clockwise as one sees it."""
    angle = np.radians(turn)
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    points = zoom * keypoints.points @ rotation.T + shift
    return Keypoints(points.astype(np.float32), keypoints.descriptors)


@pytest.mark.parametrize(
    ("turn", "zoom", "shift"),
    [
        (0, 1, (0, 0)),
        (0, 1, (31, -17)),
        (37, 1, (0, 0)),
        (-120, 1.5, (200, 9)),
        (90, 0.5, (0, 80)),
    ],
)
def test_a_known_turn_zoom_and_shift_are_found_again(turn, zoom, shift):
    first = features()
    found = align(first, move(first, turn, zoom, shift), SIDE, mirrored=False)
    assert found.agreeing == len(first)
    assert found.turn == pytest.approx(turn, abs=0.01)
    assert found.zoom == pytest.approx(zoom, abs=1e-3)
    assert found.mirrored is False


def test_the_zoom_is_that_of_the_second_picture_against_the_first():
    small = features()
    large = move(small, zoom=2)
    assert align(small, large, SIDE, mirrored=False).zoom == pytest.approx(2, abs=1e-3)
    assert align(large, small, SIDE, mirrored=False).zoom == pytest.approx(0.5, abs=1e-3)


def test_a_mirrored_picture_lies_over_its_original_once_it_is_mirrored_back():
    first = features()
    # A mirror image of the second kind: its features are those of the first in a mirror, turned.
    second = move(first.mirrored(), 20)
    found = align(first.mirrored(), second, SIDE, mirrored=True)
    assert (found.agreeing, found.mirrored) == (len(first), True)
    assert found.turn == pytest.approx(20, abs=0.01)
    # As it is, no descriptor is that of another, and no alignment is likely.
    direct = align(first, second, SIDE, mirrored=False)
    assert direct is None or direct.agreeing < 10


def test_features_that_lie_elsewhere_do_not_agree():
    first = features(30)
    second = move(first, 10)
    points = second.points.copy()
    points[:8] += np.array([90, -60], np.float32) * np.arange(1, 9, dtype=np.float32)[:, None]
    found = align(first, Keypoints(points, second.descriptors), SIDE, mirrored=False)
    assert found.agreeing == 22
    assert found.turn == pytest.approx(10, abs=0.1)


@pytest.mark.parametrize(("off", "agreeing"), [(8, 30), (10, 29)])
def test_a_feature_may_be_off_by_a_share_of_the_longer_side(off, agreeing):
    """Of 500 pixels 0.018 are 9."""
    first = features(30)
    points = first.points.copy()
    points[0, 0] += off
    found = align(first, Keypoints(points, first.descriptors), SIDE, mirrored=False)
    assert found.agreeing == agreeing
    # The same offset on a larger picture is nothing.
    larger = align(first, Keypoints(points, first.descriptors), 2 * SIDE, mirrored=False)
    assert larger.agreeing == 30


@pytest.mark.parametrize(
    ("zoom", "is_likely"), [(0.35, False), (0.45, True), (2.3, True), (2.7, False)]
)
def test_a_zoom_that_no_two_pictures_of_a_lesion_have_is_no_alignment(zoom, is_likely):
    first = features()
    found = align(first, move(first, zoom=zoom), SIDE, mirrored=False)
    assert (found is not None) == is_likely


@pytest.mark.parametrize(("count", "is_enough"), [(3, False), (4, True)])
def test_fewer_than_four_matches_are_no_alignment(count, is_enough):
    first, others = features(20), features(20, seed=1)
    descriptors = others.descriptors.copy()
    descriptors[:count] = first.descriptors[:count]
    points = others.points.copy()
    points[:count] = first.points[:count]
    # Descriptors of noise are all about equally far, so that none is distinctly the nearest.
    found = align(first, Keypoints(points, descriptors), SIDE, mirrored=False)
    assert (found.agreeing if found else 0) == (count if is_enough else 0)


def test_a_feature_that_occurs_twice_matches_neither():
    first = features(20)
    doubled = Keypoints(
        np.concatenate([first.points, first.points + 5]),
        np.concatenate([first.descriptors, first.descriptors]),
    )
    assert align(first, doubled, SIDE, mirrored=False) is None
    nothing = Keypoints(np.zeros((0, 2), np.float32), np.zeros((0, LENGTH), np.uint8))
    assert align(first, nothing, SIDE, mirrored=False) is None
    assert align(nothing, first, SIDE, mirrored=False) is None
