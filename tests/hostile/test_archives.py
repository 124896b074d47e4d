"""Hostile zips: what lies in them costs itself alone, and what lies about them is refused."""

import numpy as np
import pytest

from dermaflow.errors import SourceError
from dermaflow.params.sources import HAM10000_IMAGES as IMAGES
from dermaflow.params.sources import HAM10000_MASKS as MASKS
from dermaflow.params.sources import HAM10000_METADATA as METADATA
from hostile import archives
from hostile.archives import Member, make_zip
from hostile.pictures import encode, picture, pixels
from hostile.stages import run_stages
from hostile.world import SOUND, bounded, quiet, run_watched, unchanged

MEMBER_CASES = [*archives.MEMBERS, *archives.ACCEPTED]
HEADER = "lesion_id,image_id,dx,dx_type,age,sex,localization\n"


def describe(folder):
    return {"kind": "ham10000", "folder": str(folder)}


def write_folder(folder, cases):
    """HAM10000's files: sound pictures in the first zip, the cases in the second."""
    names = [*SOUND, *(case.id for case in cases)]
    rows = [f"L_{name},{name},nv,histo,40,female,back\n" for name in names]
    (folder / METADATA).write_text(HEADER + "".join(rows))
    sound = [Member(f"{name}.jpg", encode(picture(seed))) for name, seed in SOUND.items()]
    (folder / IMAGES[0]).write_bytes(make_zip([*sound, Member("sound.jpg", b"-")]))
    (folder / IMAGES[1]).write_bytes(make_zip([m for case in cases for m in case.members]))
    masks = [Member("stranger_segmentation.png"), Member("LICENSE.txt"), Member("__MACOSX/._a.jpg")]
    (folder / MASKS).write_bytes(make_zip(masks))


@pytest.fixture(scope="module")
def outcome(root, params):
    raw = root / "raw"
    raw.mkdir()
    write_folder(raw, MEMBER_CASES)
    return run_watched(root, describe(raw), params)


@pytest.mark.parametrize("case", archives.MEMBERS, ids=lambda case: case.id)
def test_a_hostile_member_is_quarantined_with_its_reason(outcome, case):
    assert outcome.fate(case.id).startswith("image cannot be read (")
    assert case.reason in outcome.fate(case.id)
    assert case.id not in outcome.images


@pytest.mark.parametrize("case", archives.ACCEPTED, ids=lambda case: case.id)
def test_a_name_that_would_climb_out_is_read_in_place(outcome, case):
    assert outcome.fate(case.id) == "stored"
    assert np.array_equal(outcome.pixels(case.id), pixels())


@pytest.mark.parametrize("file", archives.STRAYS)
def test_what_no_row_lists_is_told(outcome, file):
    assert outcome.fate_of_file(file) == archives.STRAYS[file]


def test_nothing_else_is_told(outcome):
    assert set(outcome.unlisted) == {*archives.STRAYS, "sound.jpg"}


@pytest.mark.parametrize("case", archives.ARCHIVES, ids=lambda case: case.id)
def test_a_hostile_archive_is_refused(tmp_path, params, case):
    write_folder(tmp_path, [])
    path = tmp_path / IMAGES[1]
    path.unlink()
    case.put(path)
    target = tmp_path / "work" / "out"
    with unchanged(tmp_path, but=target), bounded(), quiet(), pytest.raises(SourceError) as caught:
        run_stages(target, describe(tmp_path), params)
    assert case.says in str(caught.value)
    assert IMAGES[1] in str(caught.value)
    assert str(caught.value).isprintable()
