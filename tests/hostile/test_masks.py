"""A mask that cannot be used is told, and costs its image nothing."""

import pytest

from hostile import masks
from hostile.pictures import encode, picture
from hostile.world import describe_table, run_watched, write_table

ALL = [*masks.CASES, *masks.PLANTED, *masks.ACCEPTED]


@pytest.fixture(scope="module")
def outcome(root, params):
    folder = write_table(root, [{"id": case.id, "file": f"{case.id}.png"} for case in ALL])
    (root / "masks" / "deep").mkdir(parents=True)
    (root / "secret.png").write_bytes(encode(masks.mask()))
    for case in ALL:
        (folder / f"{case.id}.png").write_bytes(encode(picture()))
        case.put(root / "masks" / f"{case.id}.png")
    for stray in ("nobody.png", "deep/empty.png", "empty.jpg"):
        (root / "masks" / stray).write_bytes(encode(masks.mask()))
    return run_watched(root, describe_table(root, masks=True), params)


@pytest.mark.parametrize("case", [*masks.CASES, *masks.PLANTED], ids=lambda case: case.id)
def test_a_hostile_mask_is_quarantined_and_its_image_stays(outcome, case):
    assert outcome.fate(case.id) == f"stored\n{masks.UNUSABLE} ({case.says})"
    assert case.id not in outcome.masks


@pytest.mark.parametrize("case", masks.ACCEPTED, ids=lambda case: case.id)
def test_an_odd_but_sound_mask_lies_where_the_lesion_is(outcome, case):
    assert outcome.fate(case.id) == "stored"
    stored = outcome.masks.read([case.id])[0, :, :, 0]
    differs = (stored > 0) != masks.inside()
    assert differs.mean() <= 0.02  # a column at the edge, where it was scaled


@pytest.mark.parametrize("file", ["masks/nobody.png", "masks/deep/empty.png", "masks/empty.jpg"])
def test_a_mask_of_no_image_is_told(outcome, file):
    assert outcome.fate_of_file(file) == "no row lists this file"


def test_masks_are_counted_in_report_and_page(outcome):
    unusable = len(masks.CASES) + len(masks.PLANTED)
    assert outcome.report["unusable_masks"] == unusable
    assert outcome.report["quarantined_by_reason"][masks.UNUSABLE] == unusable
    assert f"{unusable} unusable masks" in outcome.page
