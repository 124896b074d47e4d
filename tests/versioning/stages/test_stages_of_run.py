"""Which stages a run needs, and which of them it may write, before it has done anything."""

import pytest
from kedro.framework.hooks.manager import _create_hook_manager
from kedro.framework.project import pipelines
from kedro.pipeline import Pipeline

from dermaflow.errors import BusyError
from dermaflow.versioning.stages.hook_specs import StageSpecs
from dermaflow.versioning.stages.runner import by_stage
from dermaflow.versioning.stages.stage_run import KedroRun
from dermaflow.versioning.stages.stages_of_run import StagesOfRun
from dermaflow.versioning.stages.written_aside import aside
from versioning.toy_project import CHAIN, RAW, own_code


def needed(toy, *stages, force=False):
    """Stages that a run needs, those that it may write in capitals."""
    manager = _create_hook_manager()
    manager.add_hookspecs(StageSpecs)
    asked = sum((pipelines[stage] for stage in stages), Pipeline([]))
    kedro = KedroRun(manager, None, False)
    run = StagesOfRun(kedro, toy.workspace(), dict(by_stage(asked)), force)
    return [stage.upper() if writes else stage for stage, writes in run.needed().items()]


def test_what_nothing_has_touched_is_only_read(made):
    assert needed(made, *CHAIN) == ["ingest", "validate", "validate_drawing", "train", "register"]
    assert needed(made, "register") == ["ingest", "validate", "train", "register"]


def test_what_follows_a_change_may_have_to_be_written(made):
    made.change("validate", {"split.test": 0.3})
    assert needed(made, *CHAIN) == ["ingest", "VALIDATE", "VALIDATE_DRAWING", "TRAIN", "REGISTER"]
    assert needed(made, "train") == ["ingest", "validate", "train"]  # on what is there
    assert needed(made, "train", force=True) == ["ingest", "validate", "TRAIN"]


@pytest.mark.parametrize("left", ["announced", "written aside", "a raw file that is gone"])
def test_what_has_to_be_put_in_order_is_written(made, left):
    if left == "announced":
        workspace = made.workspace()
        workspace.records.announce("ingest", workspace.now("ingest"))
    elif left == "written aside":
        aside(made.place("rows"), "ingest").parent.mkdir()
    else:
        made.path(f"{RAW}/list.csv").unlink()
    assert needed(made, "ingest") == ["INGEST"]


def test_code_that_changes_while_a_run_waits_for_another_ends_it(made):
    kedro = KedroRun(_create_hook_manager(), None, False)
    run = StagesOfRun(kedro, made.workspace(), dict(by_stage(pipelines["validate"])), False)
    run.require_same_code()
    own_code(made, "validate").write_text("2\n")
    with pytest.raises(BusyError, match=r"^validate: src/.*\.py changed since this run began"):
        run.require_same_code()


def test_what_was_left_by_a_killed_run_is_cleared_without_running_anything(made):
    left = aside(made.place("rows"), "ingest")
    left.parent.mkdir()
    left.write_text("half")
    assert made.run("ingest") == []
    assert not left.parent.exists()
    assert needed(made, "ingest") == ["ingest"]
