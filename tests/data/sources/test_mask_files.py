"""Masks are known by their names."""

import pytest

from dermaflow.data.sources.mask_files import find_masks

SUFFIXES = ("_mask", "_seg")


@pytest.mark.parametrize(
    ("files", "found"),
    [
        (["a_mask.png"], {"a": "a_mask.png"}),
        (["a_MASK.PNG", "b_seg.tif"], {"a": "a_MASK.PNG", "b": "b_seg.tif"}),
        # The first suffix goes before the second, and of equal ones the first name.
        (["a_seg.png", "a_mask.png", "a_mask.bmp"], {"a": "a_mask.bmp"}),
        (["c_mask.png", "a_mask.txt", "a.png", "_mask.png", "a_mask_mask.png"], {}),
    ],
)
def test_a_mask_is_named_as_its_image_with_a_suffix(files, found):
    assert find_masks(files, {"a", "b"}, SUFFIXES) == found
    assert find_masks(reversed(files), {"a", "b"}, SUFFIXES) == found


def test_an_empty_suffix_stands_for_the_images_own_name():
    assert find_masks(["a.png", "a_seg.png"], {"a"}, ("", *SUFFIXES)) == {"a": "a.png"}
    assert find_masks(["a.jpg", "b.JPEG", "b_seg.jpg"], {"a", "b"}, ("", *SUFFIXES)) == {
        "b": "b_seg.jpg"
    }
