"""Views against the symmetry group of the square."""

import pytest
import torch

from dermaflow.ml.models.predict import dihedral_views


def seen(images, count):
    return [view.clone() for view in dihedral_views(images, count)]


def picture(height=4, width=4):
    return torch.arange(2 * 3 * height * width).reshape(2, 3, height, width).float()


def contains(views, image):
    return any(torch.equal(view, image) for view in views)


@pytest.mark.parametrize("count", [1, 2, 4, 8])
def test_the_image_comes_first_and_no_view_twice(count):
    views = seen(picture(), count)
    assert len(views) == count
    assert torch.equal(views[0], picture())
    assert len({tuple(view.flatten().tolist()) for view in views}) == count


def test_eight_are_all_turns_and_their_mirror_images():
    views = seen(picture(), 8)
    for quarter in range(4):
        turned = picture().rot90(quarter, (2, 3))
        assert contains(views, turned)
        assert contains(views, turned.flip(3))


@pytest.mark.parametrize("count", [2, 4, 8])
def test_views_of_a_view_are_the_same_views(count):
    """They are a group, so that the mean over them does not depend on how a picture was held."""
    views = seen(picture(), count)
    for view in views:
        again = seen(view, count)
        assert all(contains(views, image) for image in again)


@pytest.mark.parametrize("count", [1, 2, 4])
def test_oblong_images_keep_their_shape(count):
    assert {view.shape for view in seen(picture(2, 6), count)} == {(2, 3, 2, 6)}


@pytest.mark.parametrize(
    ("image", "count", "message"),
    [
        (picture(2, 6), 8, "8 views need square images, not 2 x 6 pixels"),
        (picture(), 3, "1, 2, 4 or 8 views of an image, not 3"),
    ],
)
def test_what_cannot_be_is_refused(image, count, message):
    with pytest.raises(ValueError, match=message):
        seen(image, count)
