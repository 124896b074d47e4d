"""The stored size has the originals' proportions and is no larger than they are."""

import os

import pytest
from PIL import Image

from dermaflow.data.drafting.picture_size import propose_size


def draw(folder, sizes):
    for number, size in enumerate(sizes):
        Image.new("RGB", size).save(folder / f"{number}.png")
    return [f"{number}.png" for number in range(len(sizes))]


@pytest.mark.parametrize(
    ("original", "stored"),
    [
        ((600, 450), (120, 160)),
        ((768, 512), (112, 168)),
        ((500, 500), (136, 136)),
        ((96, 72), (72, 96)),
        ((40, 30), (32, 40)),
        ((3000, 20), (32, 1024)),
    ],
)
def test_the_size_follows_the_originals(tmp_path, original, stored):
    found = propose_size(tmp_path, draw(tmp_path, [original]))
    assert (found.height, found.width) == stored


def test_the_commonest_proportions_count(tmp_path):
    found = propose_size(tmp_path, draw(tmp_path, [(90, 60), (80, 60), (160, 120), (80, 60)]))
    assert (found.height, found.width) == (64, 80)
    assert found.evidence == "of 4 images looked at, 3 have the proportions of 80 x 60"


def test_an_image_is_as_wide_as_one_looks_at_it(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (80, 60)).save(tmp_path / "turned.jpg", exif=exif)
    found = propose_size(tmp_path, ["turned.jpg"])
    assert (found.height, found.width) == (80, 64)


def test_what_is_no_image_is_passed_over_and_a_pipe_is_not_waited_for(tmp_path):
    names = draw(tmp_path, [(80, 60)])
    (tmp_path / "text.jpg").write_text("no image")
    (tmp_path / "cut.png").write_bytes((tmp_path / "0.png").read_bytes()[:10])
    os.mkfifo(tmp_path / "pipe.jpg")
    others = ["text.jpg", "cut.png", "pipe.jpg", "nowhere.jpg"]
    assert propose_size(tmp_path, [*others, *names]).evidence.startswith("of 1 images")
    assert propose_size(tmp_path, others) is None
    assert propose_size(tmp_path, []) is None


def test_of_many_files_a_few_from_all_over_are_looked_at(tmp_path):
    names = draw(tmp_path, [(80, 60)] * 100 + [(60, 80)] * 141)
    found = propose_size(tmp_path, names)
    assert found.evidence.startswith("of 49 images looked at, 29 have")
