"""Hostile image files are set aside one by one, with a reason, and sound ones are stored."""

import numpy as np
import pytest

from hostile import images, oddities
from hostile.world import describe_table, run_watched, write_table


@pytest.fixture(scope="module")
def outcome(root, params):
    files = {f"{case.id}.jpg": case for case in images.CASES}
    files |= {f"{case.id}{case.suffix}": case for case in oddities.CASES}
    rows = [{"id": case.id, "file": file} for file, case in files.items()]
    folder = write_table(root, rows)
    for file, case in files.items():
        (folder / file).write_bytes(case.make())
    return run_watched(root, describe_table(root), params)


@pytest.mark.parametrize("case", images.CASES, ids=lambda case: case.id)
def test_a_hostile_image_is_quarantined_with_its_reason(outcome, case):
    fate = outcome.fate(case.id)
    assert case.says in fate
    assert "stored" not in fate
    assert case.id not in outcome.images or "cannot be read" not in fate


@pytest.mark.parametrize("case", oddities.CASES, ids=lambda case: case.id)
def test_an_odd_but_sound_image_is_stored_with_its_pixels(outcome, case):
    assert outcome.fate(case.id) == "stored"
    difference = np.abs(outcome.pixels(case.id).astype(int) - case.expected())
    assert difference.max() <= case.tolerance


def test_reasons_hold_nothing_of_the_files(outcome):
    reasons = outcome.quarantine["reason"]
    assert reasons.str.len().max() < 200
    assert not reasons.str.contains("html|passwd|system|Errno|Traceback|0x").any()
