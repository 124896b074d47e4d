"""Lesions of each class: their structures lie inside and stay from shot to shot."""

from dataclasses import replace

import numpy as np
import pytest

from dermaflow.data.sources.phantoms.canvas import Canvas, Pose
from dermaflow.data.sources.phantoms.lesions import LOOKS, make_lesion, paint_lesion, scatter
from dermaflow.schema import CLASS_NAMES

SIZE = 72


def lesion_of(label, seed=0):
    return make_lesion(label, np.random.default_rng(seed))


def paint(lesion, angle=0.0, centre=(36.0, 36.0)):
    """The lesion on its skin, and the grid that it was painted on."""
    grid = Canvas(SIZE, Pose(centre, 16.0, angle))
    skin = np.broadcast_to(lesion.skin, (SIZE, SIZE, 3))
    return paint_lesion(lesion, grid, skin), grid


@pytest.mark.parametrize("label", LOOKS)
def test_structures_lie_on_the_lesion_and_leave_the_skin_around_it(label):
    for seed in range(3):
        lesion = lesion_of(label, seed)
        image, grid = paint(lesion)
        changed = np.abs(image - lesion.skin).max(axis=2)
        inside = lesion.outline.inside(grid)
        assert changed[inside > 0.3].mean() > 0.05
        assert changed[np.hypot(*grid.lesion) > 2].max() < 1e-6


@pytest.mark.parametrize("label", LOOKS)
def test_another_shot_shows_the_same_structures_elsewhere(label):
    lesion = lesion_of(label)
    plain, _ = paint(lesion)
    turned, _ = paint(lesion, angle=np.pi / 2)
    # Rows and columns 1 to 71 are symmetric about the centre, 36.
    expected = np.rot90(plain[1:, 1:], -1)
    assert np.abs(turned[1:, 1:] - expected).mean() < 0.01
    assert np.abs(turned[1:, 1:] - plain[1:, 1:]).mean() > 0.015


def test_every_phantom_is_of_a_class_and_looks_like_no_other():
    assert set(LOOKS) < set(CLASS_NAMES)
    # Skin, pigment, seed and pose are the same, so that only the class's own structure differs.
    images = {}
    for label in LOOKS:
        images[label], _ = paint(replace(lesion_of("nv"), label=label))
    for one in LOOKS:
        for other in LOOKS:
            apart = np.abs(images[one] - images[other]).mean()
            assert apart == 0 if one == other else apart > 0.01, (one, other)


def test_skin_size_and_pigment_do_not_depend_on_the_class():
    lesions = [lesion_of(label, seed=4) for label in LOOKS]
    for lesion in lesions[1:]:
        assert lesion.size == lesions[0].size
        np.testing.assert_array_equal(lesion.skin, lesions[0].skin)
        np.testing.assert_array_equal(lesion.body, lesions[0].body)
        assert lesion.seed == lesions[0].seed


def test_equal_generators_make_equal_lesions_within_their_bounds():
    for seed in range(20):
        lesion, again = lesion_of("mel", seed), lesion_of("mel", seed)
        np.testing.assert_array_equal(lesion.outline.amplitudes, again.outline.amplitudes)
        assert 0.29 <= lesion.size <= 0.39
        assert 1 <= lesion.outline.stretch <= 1.35
        assert np.abs(lesion.outline.amplitudes).max() <= 0.2
    assert lesion_of("mel", 0).seed != lesion_of("mel", 1).seed


def test_melanoma_has_a_rougher_border_than_a_naevus():
    """Of equal random numbers, as far as neither is clipped."""
    rough, smooth = (lesion_of(label, 2).outline.amplitudes for label in ("mel", "nv"))
    free = np.abs(rough) < 0.2
    assert free.any()
    np.testing.assert_allclose(rough[free] / smooth[free], 0.11 / 0.02)


@pytest.mark.parametrize(("reach", "apart"), [(0.8, 0.25), (0.5, 0.4)])
def test_scattered_points_keep_their_distance_and_stay_within_reach(reach, apart):
    points = scatter(np.random.default_rng(0), 9, reach, apart)
    assert 1 < len(points) <= 9
    assert np.hypot(*points.T).max() < reach
    distances = np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1))
    assert distances[np.triu_indices(len(points), 1)].min() >= apart


def test_as_many_points_are_scattered_as_there_is_room_for():
    assert len(scatter(np.random.default_rng(0), 5, 1.0, 0.0)) == 5
    assert len(scatter(np.random.default_rng(0), 50, 0.5, 0.9)) < 4
