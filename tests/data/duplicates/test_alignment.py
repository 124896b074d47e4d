"""A known turn, zoom, shift and mirror image are found again, and chance is not."""

import numpy as np
import pytest

from dermaflow.data.duplicates.alignment import align
from dermaflow.data.duplicates.keypoints import LENGTH, TURN, UNIT, Keypoints

SIDE = 500


def features(count=30, seed=0):
    """Features in random places, no two of them alike."""
    rng = np.random.default_rng(seed)
    return Keypoints(
        rng.integers(0, SIDE * UNIT, (count, 2)),
        rng.integers(2 * UNIT, 30 * UNIT, count),
        rng.integers(0, TURN, count),
        rng.integers(0, 60, (count, LENGTH)).astype(np.uint8),
    )


def replaced(keypoints, points=None, descriptors=None):
    """The same features with other places or descriptors."""
    return Keypoints(
        keypoints.points if points is None else points,
        keypoints.sizes,
        keypoints.angles,
        keypoints.descriptors if descriptors is None else descriptors,
    )


def move(keypoints, turn=0.0, zoom=1.0, shift=(0.0, 0.0)):
    """The same features elsewhere; y runs down, so that a turn is clockwise as one sees it."""
    angle = np.radians(turn)
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    points = zoom * keypoints.points @ rotation.T + np.multiply(shift, UNIT)
    return Keypoints(
        np.rint(points).astype(np.int64),
        np.rint(zoom * keypoints.sizes).astype(np.int64),
        (keypoints.angles + round(turn / 360 * TURN)) % TURN,
        keypoints.descriptors,
    )


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
    assert found.turn == pytest.approx(20, abs=0.02)
    # As it is, no descriptor is that of another, and no alignment is likely.
    direct = align(first, second, SIDE, mirrored=False)
    assert direct is None or direct.agreeing < 10


def test_features_that_lie_elsewhere_do_not_agree():
    first = features(30)
    second = move(first, 10)
    points = second.points.copy()
    points[:8] += np.array([90, -60]) * UNIT * np.arange(1, 9)[:, None]
    found = align(first, replaced(second, points), SIDE, mirrored=False)
    assert found.agreeing == 22
    assert found.turn == pytest.approx(10, abs=0.1)


@pytest.mark.parametrize(("off", "agreeing"), [(8, 30), (10, 29)])
def test_a_feature_may_be_off_by_a_share_of_the_longer_side(off, agreeing):
    """Of 500 pixels 0.018 are 9."""
    first = features(30)
    points = first.points.copy()
    points[0, 0] += off * UNIT
    found = align(first, replaced(first, points), SIDE, mirrored=False)
    assert found.agreeing == agreeing
    # The same offset on a larger picture is nothing.
    larger = align(first, replaced(first, points), 2 * SIDE, mirrored=False)
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
    parts = [
        np.concatenate([mine[:count], theirs[count:]])
        for mine, theirs in (
            (first.points, others.points),
            (first.sizes, others.sizes),
            (first.angles, others.angles),
            (first.descriptors, others.descriptors),
        )
    ]
    # Descriptors of noise are all about equally far, so that none is distinctly the nearest.
    found = align(first, Keypoints(*parts), SIDE, mirrored=False)
    assert (found.agreeing if found else 0) == (count if is_enough else 0)


def test_a_picture_may_be_squeezed_a_little():
    first = features(60)
    centre = SIDE * UNIT // 2

    def squeezed(factor):
        points = np.rint((first.points - centre) * [factor, 1 / factor]).astype(np.int64) + centre
        return align(first, replaced(first, points), SIDE, mirrored=False).agreeing

    assert squeezed(1.08) >= 57
    assert squeezed(1.3) < 30


def test_features_that_are_turned_or_scaled_otherwise_do_not_agree():
    first = features(30)
    turned = Keypoints(
        first.points,
        first.sizes,
        np.where(np.arange(30) < 10, (first.angles + 64) % TURN, first.angles),
        first.descriptors,
    )
    assert align(first, turned, SIDE, mirrored=False).agreeing == 20
    sizes = np.where(np.arange(30) < 10, first.sizes * 2, first.sizes)
    scaled = Keypoints(first.points, sizes, first.angles, first.descriptors)
    assert align(first, scaled, SIDE, mirrored=False).agreeing == 20


def test_several_features_in_one_place_count_once():
    first = features(30)
    points = first.points.copy()
    points[20:] = points[0]
    one = replaced(first, points)
    assert align(one, one, SIDE, mirrored=False).agreeing == 20


def test_no_features_are_no_alignment():
    nothing = features(0)
    assert align(nothing, features(20), SIDE, mirrored=False) is None
    assert align(features(20), nothing, SIDE, mirrored=False) is None
