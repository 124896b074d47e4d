"""A shot and its mask show the same lesion, and the mean colour is the camera's."""

import numpy as np
import pytest

from dermaflow.data.sources.phantoms.camera import SIDE, make_canvas, take_mask, take_picture
from dermaflow.data.sources.phantoms.canvas import Outline
from dermaflow.data.sources.phantoms.lesions import Lesion, make_lesion


def contrasting(body=0.1):
    """A long dark lesion on pale skin."""
    outline = Outline(np.array([0.0, 0.0, 0.15]), np.zeros(3), 1.35)
    skin, dark = np.full(3, 0.9, np.float32), np.full(3, body, np.float32)
    return Lesion("nv", outline, 0.3, skin, dark, seed=3)


def shot(number):
    return np.random.default_rng([number, 7])


@pytest.mark.parametrize("number", range(6))
def test_the_mask_of_a_shot_lies_on_its_picture(number):
    lesion = contrasting()
    picture, mask = take_picture(lesion, shot(number)), take_mask(lesion, shot(number)) > 0
    grey = picture.mean(axis=2)
    dark = grey < (grey[mask].mean() + grey[~mask].mean()) / 2
    row, column = np.indices(mask.shape)
    seen = np.hypot(row - SIDE / 2, column - SIDE / 2) < 0.44 * SIDE  # corners may be dark, too

    def overlap(mask):
        return (dark & mask & seen).sum() / ((dark | mask) & seen).sum()

    assert overlap(mask) > 0.8
    # Any other pose of this long lesion lies beside it.
    assert overlap(np.rot90(mask)) < overlap(mask) - 0.05
    assert overlap(np.roll(mask, 6, axis=1)) < overlap(mask) - 0.05


def test_a_picture_and_a_mask_have_the_documented_shapes_and_values():
    picture, mask = take_picture(contrasting(), shot(0)), take_mask(contrasting(), shot(0))
    assert (picture.shape, picture.dtype) == ((SIDE, SIDE, 3), np.uint8)
    assert (mask.shape, mask.dtype) == ((SIDE, SIDE), np.uint8)
    assert np.unique(mask).tolist() == [0, 255]


def test_shots_differ_in_pose_and_size_within_bounds():
    poses = [make_canvas(contrasting(), shot(number)).pose for number in range(40)]
    centres = np.array([pose.centre for pose in poses]) / SIDE
    radii = np.array([pose.radius for pose in poses]) / (0.3 * SIDE)
    assert centres.min() >= 0.44
    assert centres.max() <= 0.56
    assert radii.min() >= 0.92
    assert radii.max() <= 1.08
    angles = np.array([pose.angle for pose in poses])
    assert np.histogram(angles, 4, (0, 2 * np.pi))[0].min() > 0


@pytest.mark.parametrize("number", [0, 1, 2])
def test_the_mean_colour_is_the_cameras_whatever_it_shows(number):
    """Else a network could tell classes apart by it, which says nothing about structure."""
    lesions = [contrasting(0.1), contrasting(0.6)]
    lesions += [make_lesion(label, np.random.default_rng(1)) for label in ("vasc", "df")]
    means = np.array([take_picture(lesion, shot(number)).mean((0, 1)) for lesion in lesions])
    assert np.ptp(means, axis=0).max() < 6
    others = take_picture(lesions[0], shot(number + 10)).mean((0, 1))
    assert np.abs(others - means[0]).max() > 6


def test_equal_generators_take_equal_pictures():
    pictures = [take_picture(contrasting(), shot(number)) for number in (4, 4, 5)]
    np.testing.assert_array_equal(pictures[0], pictures[1])
    assert (pictures[0] != pictures[2]).mean() > 0.5
