"""What a stage leaves when one of its nodes fails."""

import errno
import json

import pytest

from dermaflow.errors import StorageError
from versioning.toy_project import CHAIN, fail, leftovers, own_code


def test_a_failed_stage_leaves_all_as_it_was_and_what_it_finished_apart(made):
    before = made.contents()
    made.change("validate", {"split.test": 0.3})
    made.during["report"] = fail(RuntimeError("no report"))
    with pytest.raises(RuntimeError, match="no report"):
        made.run(*CHAIN)
    failed = made.path("data/failed/validate")
    after = made.contents()
    assert {name: after[name] for name in before} == before
    assert json.loads((failed / "manifest.json").read_text())["test"] == 0.3
    # What needs nothing but the manifest is drawn for a look; the summary needs the report.
    assert made.events[2:] == [
        ("on_stage_error", "validate", {"manifest": failed / "manifest.json"}),
        ("on_stage_error", "validate", {"pages": failed / "pages"}),
    ]
    assert leftovers(made) == []
    assert made.run("ingest") == []

    made.during.clear()
    assert made.run(*CHAIN) == ["check", "report", "draw_pages", "draw_summary", "train"]
    assert not failed.exists()


def test_a_page_of_a_failed_stage_that_cannot_be_drawn_does_not_hide_why_it_failed(made):
    made.change("validate", {"split.test": 0.3})
    made.during["report"] = fail(RuntimeError("no report"))
    made.during["draw_pages"] = fail(ValueError("no font"))
    with pytest.raises(RuntimeError, match="no report"):
        made.run("validate")
    assert made.ran == ["check", "report", "draw_pages"]
    assert made.events[-1] == ("on_stage_error", "validate", {})


def test_of_a_stage_whose_first_node_failed_nothing_is_kept_or_drawn(made):
    made.change("validate", {"split.test": 0.3})
    made.during["check"] = fail(RuntimeError("no rows"))
    with pytest.raises(RuntimeError, match="no rows"):
        made.run("validate")
    assert made.ran == ["check"]
    assert not made.path("data/failed").exists()
    assert leftovers(made) == []


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "no space left"),
        StorageError("read-only"),
        pytest.param("a chain", id="a full disk below"),
    ],
)
def test_what_is_no_defect_of_drawing_fails_the_drawing_as_any_stage(made, error):
    if error == "a chain":
        error = ValueError("cannot save")
        error.__cause__ = OSError(errno.EDQUOT, "quota")
    own_code(made, "validate_drawing").write_text("2\n")
    made.during["draw_pages"] = fail(error)
    with pytest.raises(type(error)):
        made.run("validate")
    assert made.ran == ["draw_pages"]
    assert made.place("pages").exists()
