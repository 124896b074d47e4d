"""Shapes in closed form, fixed to the lesion however it is photographed."""

import numpy as np
import pytest

from dermaflow.data.sources.phantoms.canvas import Canvas, Outline, Pose, blend, smoothstep

POSES = [
    Pose((31.0, 31.0), 16.0, 0.0),
    Pose((31.0, 31.0), 16.0, np.pi / 2),
    Pose((25.0, 36.0), 11.0, 0.7),
]


def canvas(pose=POSES[0], size=64):
    return Canvas(size, pose)


def circle(stretch=1.0):
    return Outline(np.zeros(3), np.zeros(3), stretch)


def test_smoothstep_ends_flat_and_passes_its_middle():
    values = np.array([-1, 2, 2.5, 3, 4, 9], np.float32)
    expected = [0, 0, 3 / 16 - 2 / 64, 0.5, 1, 1]
    np.testing.assert_allclose(smoothstep(2, 4, values), expected, atol=1e-6)


def test_a_colour_covers_as_much_as_it_is_said_to():
    image = np.zeros((1, 3, 3), np.float32)
    covered = blend(image, (1, 0.5, 0), np.array([[0, 0.5, 1]], np.float32))
    np.testing.assert_allclose(covered[0], [[0, 0, 0], [0.5, 0.25, 0], [1, 0.5, 0]])
    assert not image.any()


@pytest.mark.parametrize("pose", POSES)
def test_pixels_and_lesion_coordinates_are_inverse(pose):
    grid = canvas(pose)
    places = np.stack([axis.ravel() for axis in grid.lesion], 1)
    expected = np.stack([axis.ravel() for axis in grid.pixels], 1)
    np.testing.assert_allclose(grid.to_pixels(places), expected, atol=1e-3)


def test_a_quarter_turn_brings_the_first_axis_down():
    """y runs down in an image."""
    pixels = canvas(POSES[1]).to_pixels(np.array([[0, 0], [1, 0], [0, 1]]))
    np.testing.assert_allclose(pixels, [[31, 31], [31, 47], [15, 31]], atol=1e-9)


@pytest.mark.parametrize("pose", POSES)
def test_a_disc_has_its_place_its_radius_and_a_soft_rim(pose):
    grid = canvas(pose)
    centre = np.array([[0.3, -0.2]])
    drawn = grid.discs(centre, 0.5, soft=1)
    [(x, y)] = grid.to_pixels(centre)
    distance = np.hypot(grid.pixels[0] - x, grid.pixels[1] - y)
    radius = 0.5 * pose.radius
    np.testing.assert_allclose(drawn, np.clip((radius - distance) / 2 + 0.5, 0, 1), atol=1e-4)


def test_discs_at_the_edge_are_cut_and_of_several_the_union_is_drawn():
    grid = canvas()
    places = np.array([[-2.0, 0.0], [2.5, 0.1], [2.5, 0.1], [40.0, 0.0]])
    both = grid.discs(places, 0.6)
    single = [grid.discs(places[k : k + 1], 0.6) for k in range(4)]
    np.testing.assert_array_equal(both, np.max(single, axis=0))
    assert single[0].max() == 1
    assert not single[3].any()  # outside of the frame


def test_a_line_is_as_wide_as_told_and_tapers_to_its_end():
    line = np.array([[10.0, 32.0], [50.0, 32.0]])
    drawn = canvas().pixel_strokes([line], 8, taper=0.5, soft=0.5)
    # Half widths of 4 at the start, 3 in the middle and 2 at the end; a rim of one pixel.
    assert drawn[:, 10].sum() == pytest.approx(8, abs=0.2)
    assert drawn[:, 30].sum() == pytest.approx(6, abs=0.2)
    assert drawn[:, 50].sum() == pytest.approx(4, abs=0.2)
    np.testing.assert_allclose(drawn[33:40], drawn[31:24:-1], atol=1e-5)
    assert drawn[32, 6:53].min() == 0.5  # round ends reach 4 and 2 pixels beyond the points
    assert drawn[:, :6].max() == drawn[:, 53:].max() == 0


def test_strokes_in_lesion_units_scale_with_the_pose():
    line, pose = np.array([[-0.5, 0.0], [0.5, 0.0]]), POSES[2]
    grid = canvas(pose)
    expected = grid.pixel_strokes([grid.to_pixels(line)], 0.2 * pose.radius, soft=0.7)
    np.testing.assert_array_equal(grid.strokes([line], 0.2), expected)


def test_a_circle_is_its_radius_away_from_the_centre():
    grid = canvas()
    inside = circle().inside(grid)
    assert inside[31, 31] == pytest.approx(1)
    assert inside[31, 31 + 16] == pytest.approx(0, abs=1e-6)
    assert inside[31 - 8, 31] == pytest.approx(0.5)
    assert (inside > 0).sum() == pytest.approx(np.pi * 16**2, rel=0.02)


def test_a_stretched_border_keeps_its_area_and_lies_along_the_first_axis():
    inside = circle(stretch=1.44).inside(canvas(POSES[1])) > 0
    assert inside.sum() == pytest.approx(np.pi * 16**2, rel=0.02)
    rows, columns = np.flatnonzero(inside.any(1)), np.flatnonzero(inside.any(0))
    # Turned by a quarter, the long axis runs down: 1.2 against 1 / 1.2 radii.
    assert np.ptp(rows) == pytest.approx(2 * 16 * 1.2, abs=2)
    assert np.ptp(columns) == pytest.approx(2 * 16 / 1.2, abs=2)


@pytest.mark.parametrize("pose", POSES)
def test_points_of_the_border_lie_on_it_in_every_pose(pose):
    outline = Outline(np.array([0.05, 0.1, 0.02]), np.array([0.3, 1.0, 2.0]), 1.3)
    theta = np.linspace(0, 6, 9)
    grid = canvas(pose)
    places = np.rint(grid.to_pixels(outline.points(theta, 1.0))).astype(int)
    assert np.abs(outline.inside(grid)[places[:, 1], places[:, 0]]).max() < 1.2 / pose.radius
    deep = np.rint(grid.to_pixels(outline.points(theta, 0.5))).astype(int)
    assert outline.inside(grid)[deep[:, 1], deep[:, 0]].min() > 0.3


def test_harmonics_are_counted_from_one():
    outline = Outline(np.array([0.1, 0.2]), np.array([0.0, np.pi]), 1.0)
    theta = np.array([0.0, np.pi / 2, np.pi])
    np.testing.assert_allclose(outline.radius(theta), [1 + 0.1 - 0.2, 1 + 0.2, 1 - 0.1 - 0.2])


def draw(kind, grid):
    rng = np.random.default_rng(5)
    return grid.noise(rng, 0.3) if kind == "noise" else grid.cells(rng, 0.4, 0.2)[0]


@pytest.mark.parametrize("kind", ["noise", "cells"])
def test_texture_turns_with_the_lesion(kind):
    """A quarter turn and a shift by whole pixels show the same values elsewhere."""
    plain = draw(kind, canvas(Pose((31.0, 31.0), 16.0, 0.0)))
    turned = draw(kind, canvas(Pose((31.0, 31.0), 16.0, np.pi / 2)))
    shifted = draw(kind, canvas(Pose((34.0, 26.0), 16.0, 0.0)))
    np.testing.assert_allclose(np.rot90(plain[:63, :63], -1), turned[:63, :63], atol=2e-3)
    np.testing.assert_allclose(shifted[:59, 3:], plain[5:, :61], atol=2e-3)


def test_noise_is_continuous_and_of_either_sign():
    noise = canvas(size=48).noise(np.random.default_rng(0), 1.0)  # 16 pixels a bump
    assert np.abs(np.diff(noise, axis=0)).max() < 0.35
    assert -1 <= noise.min() < -0.2
    assert 0.2 < noise.max() <= 1


def test_cells_without_jitter_are_a_honeycomb_near_the_lesion_alone():
    grid = canvas()
    nearest, border = grid.cells(np.random.default_rng(0), 0.8, 0)
    far = np.hypot(*grid.lesion) >= 1.45
    assert (nearest[far] == 1).all()
    assert (border[far] == 1).all()
    # In a honeycomb no place is farther than the corners of a cell, and borders are at half-way.
    assert nearest[~far].max() <= 1 / np.sqrt(3) + 1e-6
    assert nearest[~far].max() > 0.5
    assert 0 <= border[~far].min() < 0.1
    assert border[~far].max() <= 1 + 1e-6
