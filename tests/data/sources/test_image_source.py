"""Which files beside images are told, and by which name."""

import pytest

from dermaflow.data.sources.image_source import IMAGE_SUFFIXES, may_hold_images, speakable


@pytest.mark.parametrize("suffix", [*IMAGE_SUFFIXES, ".JPG", ".dcm", ".zip", ".gif", ""])
def test_a_file_that_may_be_an_image_is_told(suffix):
    assert may_hold_images(f"a{suffix}")


@pytest.mark.parametrize("name", ["", ".hidden.jpg", "list.csv", "Notes.TXT", "a.jpg.md5"])
def test_documents_and_hidden_files_are_not_told(name):
    assert not may_hold_images(name)


def test_a_name_in_no_encoding_can_be_written_down_and_others_stay():
    broken = b"\xe4.jpg".decode("utf-8", "surrogateescape")
    assert speakable(broken) == "\\xe4.jpg"
    assert speakable("ä 画像.jpg") == "ä 画像.jpg"
