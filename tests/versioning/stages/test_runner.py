"""What the runner skips and runs, in which order it puts outputs in place, and what stops it."""

import json
import logging
import os
import signal
import sys
from pathlib import Path

import pytest
from kedro.framework.hooks.manager import _create_hook_manager
from kedro.io import DatasetError
from kedro.pipeline import Pipeline, node, pipeline

from dermaflow.errors import (
    BusyError,
    DrawingError,
    IntegrityError,
    ParameterError,
    RunningError,
)
from dermaflow.versioning.stages import stage_locks
from dermaflow.versioning.stages.runner import StageRunner, by_stage
from dermaflow.versioning.stages.stage_locks import StageLocks
from versioning.toy_project import CHAIN, RAW, fail, leftovers, own_code, replace_unseen

INGEST = ["list_rows", "scan"]
VALIDATE = ["check", "report"]
DRAWING = ["draw_pages", "draw_summary"]


def nothing(toy):
    pass


def a_parameter(toy):
    toy.change("validate", {"split.test": 0.3})


def code(toy):
    own_code(toy, "validate").write_text("2\n")


def code_of_drawing(toy):
    own_code(toy, "validate_drawing").write_text("2\n")


def an_output(toy):
    toy.place("rows").write_text("[]")


def a_file_lost_from_an_output(toy):
    (toy.place("scans") / "1.txt").unlink()


def a_file_added_to_an_output(toy):
    (toy.place("scans") / "3.txt").write_text("nv")


def all_outputs_of_a_stage(toy):
    toy.place("manifest").unlink()
    toy.place("report").unlink()


def a_raw_table(toy):
    toy.path(f"{RAW}/list.csv").write_text("1,nv\n2,bcc\n")


def a_raw_file_that_changes_nothing(toy):
    toy.path(f"{RAW}/images/a.png").write_text("a")


def another_tracking_server(toy):
    toy.tracking_uri = "sqlite:///b.db"


def a_working_folder(toy):
    (toy.place("checkpoints")).mkdir(parents=True)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (nothing, []),
        # The row count is what it was, and so the weights are: register is skipped.
        (a_parameter, [*VALIDATE, *DRAWING, "train"]),
        (code, VALIDATE),
        (code_of_drawing, DRAWING),
        (an_output, INGEST),
        (a_file_lost_from_an_output, INGEST),
        (a_file_added_to_an_output, INGEST),
        (all_outputs_of_a_stage, VALIDATE),
        (a_raw_table, [*INGEST, *VALIDATE, *DRAWING, "train"]),
        (a_raw_file_that_changes_nothing, INGEST),
        (another_tracking_server, ["register"]),
        (a_working_folder, []),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_only_what_a_change_reaches_runs_and_then_nothing(made, change, expected):
    change(made)
    assert made.run(*CHAIN) == expected
    after = made.contents()
    assert made.run(*CHAIN) == []
    assert made.contents() == after


def test_a_raw_file_that_is_gone_is_no_unchanged_one(made, caplog):
    made.path(f"{RAW}/list.csv").unlink()
    before = made.contents()
    with caplog.at_level(logging.INFO), pytest.raises(FileNotFoundError):
        made.run(*CHAIN)
    assert f"ingest: {RAW}/list.csv is not here" in caplog.text
    assert made.run("validate", "train") == []  # what reads no raw file is judged by what it reads
    assert made.contents() == before


def test_a_state_that_comes_back_is_known(made):
    before = {path: made.place(path).read_bytes() for path in ("manifest", "report")}
    made.change("validate", {"split.test": 0.3})
    assert made.run("validate") == [*VALIDATE, *DRAWING]
    made.change("validate", {})
    for dataset, content in before.items():  # as `dvc checkout` would
        made.place(dataset).write_bytes(content)
    assert made.run("validate") == DRAWING


@pytest.mark.parametrize("how", ["force", "under DVC"])
def test_what_is_unchanged_runs_if_it_is_forced_or_if_dvc_says_so(made, monkeypatch, how):
    if how == "under DVC":
        monkeypatch.setenv("DVC_STAGE", "ingest")
    assert made.run("ingest", force=how == "force") == INGEST


def test_a_stage_that_ran_in_part_is_not_taken_for_whole(made):
    before = made.place("report").read_bytes()
    assert made.run("validate", nodes=["check"]) == ["check"]  # a part is never skipped
    assert made.run("validate") == []
    made.change("validate", {"split.test": 0.3})
    assert made.run("validate", nodes=["check"]) == ["check"]
    assert json.loads(made.place("manifest").read_text())["test"] == 0.3
    assert made.place("report").read_bytes() == before
    assert made.run("train") == ["train"]  # what the part wrote is no damaged input
    assert made.run("validate") == [*VALIDATE, *DRAWING]


def test_stages_run_in_the_order_of_the_data_whatever_that_of_the_pipeline():
    nodes = [
        node(lambda c: c, "c", "d", name="later", tags="train"),
        node(lambda a: a, "a", "b", name="first", tags="ingest"),
        node(lambda x: x, "x", "y", name="of_no_stage"),
        node(lambda b: b, "b", "c", name="drawn", tags="validate_drawing"),
    ]
    parts = [(stage, [n.name for n in part.nodes]) for stage, part in by_stage(pipeline(nodes))]
    assert parts == [
        ("ingest", ["first"]),
        ("validate_drawing", ["drawn"]),
        ("train", ["later"]),
    ]


def test_hooks_hear_of_each_stage_before_it_runs_and_when_its_outputs_are_in_place(toy):
    assert toy.run("ingest") == INGEST
    toy.run("ingest", "validate")  # ingest is unchanged: nobody hears of it
    first, *others = toy.events
    assert first[0] == "before_stages_run"
    assert first[1].project_path == toy.folder
    assert others == [
        ("before_stage_run", "validate"),
        ("after_stage_run", "validate", {n: toy.place(n) for n in ("manifest", "report")}),
        ("before_stage_run", "validate_drawing"),
        ("after_stage_run", "validate_drawing", {n: toy.place(n) for n in ("pages", "summary")}),
    ]


def test_wherever_it_is_started_a_run_is_of_its_project(made, monkeypatch, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    monkeypatch.chdir(elsewhere)
    assert made.run("ingest", "validate") == []
    a_raw_table(made)
    seen = []
    made.during["list_rows"] = lambda: seen.append(Path.cwd())
    assert made.run("ingest") == INGEST
    assert seen == [made.folder]
    assert Path.cwd() == elsewhere
    assert list(elsewhere.iterdir()) == []


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_keeps_the_stages_before_and_nothing_of_the_one_that_ran(made, interrupt):
    a_raw_table(made)
    made.during["report"] = fail(interrupt())
    with pytest.raises(interrupt):
        made.run(*CHAIN)
    assert made.events[-1] == ("on_pipeline_interrupt", interrupt)
    assert "on_stage_error" not in [event[0] for event in made.events]
    assert json.loads(made.place("rows").read_text())[1] == ["2", "bcc"]
    assert json.loads(made.place("manifest").read_text())["rows"][1] == ["2", "mel"]
    assert not made.path("data/failed").exists()
    assert leftovers(made) == []
    made.during.clear()
    assert made.run(*CHAIN) == [*VALIDATE, *DRAWING, "train"]


def test_a_stage_whose_code_changes_while_it_runs_is_run_again(made, caplog):
    code(made)
    file = own_code(made, "validate")
    made.during["report"] = lambda: file.write_text("3\n")
    with caplog.at_level(logging.WARNING):
        made.run("validate")
    assert "validate: inputs or code changed while it ran" in caplog.text
    made.during.clear()
    assert made.run("validate") == VALIDATE
    assert made.run("validate") == []


def test_a_later_stage_whose_code_changes_once_the_run_has_begun_is_run_again(made, caplog):
    """The run has imported the code as it was, and must not go on record under the new one."""
    code(made)
    a_raw_table(made)
    file = own_code(made, "validate")
    made.during["list_rows"] = lambda: file.write_text("3\n")
    with caplog.at_level(logging.WARNING):
        made.run("ingest", "validate")
    assert "validate: inputs or code changed while it ran" in caplog.text
    made.during.clear()
    assert made.run("ingest", "validate") == VALIDATE
    assert made.run("ingest", "validate") == []


def test_under_dvc_a_stage_whose_code_changes_while_it_runs_fails(made, monkeypatch):
    """DVC hashes code and inputs after the stage, so that a success would go into its lock."""
    monkeypatch.setenv("DVC_STAGE", "validate")
    file = own_code(made, "validate")
    made.during["report"] = lambda: file.write_text("3\n")
    with pytest.raises(BusyError, match=r"^validate: inputs or code changed while it ran"):
        made.run("validate", nodes=VALIDATE)
    assert leftovers(made) == []
    made.during.clear()
    assert made.run("validate", nodes=VALIDATE) == VALIDATE


def test_raw_data_that_change_while_they_are_read_are_read_again(made):
    a_raw_table(made)
    made.during["scan"] = lambda: made.path(f"{RAW}/list.csv").write_text("1,df\n2,df\n")
    assert made.run("ingest") == INGEST
    assert json.loads(made.place("rows").read_text()) == [["1", "nv"], ["2", "bcc"]]
    made.during.clear()
    assert made.run("ingest") == INGEST
    assert json.loads(made.place("rows").read_text()) == [["1", "df"], ["2", "df"]]


def test_a_working_folder_knows_what_it_is_for_and_outlives_a_failure_alone(toy):
    toy.run("ingest", "validate")
    folder, seen = toy.place("checkpoints"), []
    toy.during["train"] = lambda: seen.append(folder.exists())
    toy.run("train")
    (_, workspace), *_ = toy.events
    assert workspace.catalog["checkpoints"].made_from == toy.workspace().now("train").made_from
    assert not folder.exists()

    folder.mkdir(parents=True)
    toy.during["train"] = fail(RuntimeError("out of memory"))
    with pytest.raises(RuntimeError, match="out of memory"):
        toy.run("train", force=True)
    assert folder.exists()
    toy.during["train"] = lambda: seen.append(folder.exists())
    toy.run("train", force=True)
    assert seen == [False, True]
    assert not folder.exists()


def locks_of_another_run(toy):
    return StageLocks(toy.path("data/stage_records"))


def attempt(locks, how, stage):
    try:
        getattr(locks, how)(stage)
    except BusyError:
        return False
    return True


def test_the_lock_is_held_alone_while_the_nodes_run_and_shared_until_the_run_ends(made):
    other, found = locks_of_another_run(made), {}

    def look(name):
        def function():
            found[name] = [attempt(other, how, "validate") for how in ("share", "take")]
            found["ingest"] = attempt(other, "take", "ingest")  # which validate reads
            other.release()

        return function

    made.change("validate", {"split.test": 0.3})
    made.during = {name: look(name) for name in ("check", "report", "draw_pages")}
    assert made.run("validate") == [*VALIDATE, *DRAWING]
    assert found == {
        "check": [False, False],
        "report": [False, False],
        "draw_pages": [True, False],
        "ingest": False,
    }
    assert attempt(other, "take", "validate")  # free again


@pytest.mark.parametrize(
    ("how", "stage"),
    [("take", "validate"), ("share", "validate"), ("take", "ingest")],
    ids=["it writes too", "it reads what this one writes", "it writes what this one reads"],
)
def test_another_run_that_is_in_the_way_is_named_and_nothing_is_touched(
    made, monkeypatch, how, stage
):
    monkeypatch.setattr(stage_locks, "SECONDS_OF_PATIENCE", 0)
    before = made.contents()
    made.change("validate", {"split.test": 0.3})
    other = locks_of_another_run(made)
    getattr(other, how)(stage)
    with pytest.raises(RunningError, match=rf"^{stage}: another run ") as caught:
        made.run("validate", "train")
    assert caught.value.exit_code == 9
    assert (made.ran, made.events) == ([], [])  # nobody has heard of the run
    assert made.contents() == before
    other.release()
    assert made.run("validate") == [*VALIDATE, *DRAWING]


def test_runs_that_only_read_the_same_stages_are_not_in_each_others_way(made):
    other = locks_of_another_run(made)
    for stage in ("ingest", "validate"):
        other.share(stage)
    made.parameters["seed"] = 7
    assert made.run(*CHAIN) == ["train", "register"]


def test_what_another_process_puts_in_the_place_of_an_input_ends_the_run(made):
    made.change("validate", {"split.test": 0.3})
    manifest = made.place("manifest")
    made.during["draw_pages"] = lambda: manifest.write_text('{"rows": [], "test": 1}')
    with pytest.raises(BusyError, match=r"^data/03/manifest\.json was replaced while") as caught:
        made.run(*CHAIN)
    assert caught.value.exit_code == 9
    assert made.ran == [*VALIDATE, *DRAWING]


def test_a_stage_whose_outputs_are_no_longer_true_runs_again(made):
    made.outside["register"] = True
    assert made.run(*CHAIN) == []
    made.outside["register"] = False
    assert made.run(*CHAIN) == ["register"]


@pytest.mark.usefixtures("failing_disk")
def test_a_damaged_input_stops_the_stage_before_it_reads_it(made):
    assert made.run(*CHAIN) == []
    rows = made.place("rows")
    sound = rows.read_bytes()
    replace_unseen(rows, sound.replace(b"mel", b"bcc"))
    assert made.run(*CHAIN) == []  # by size and time, as everybody takes it, it is what it was
    before = made.contents()
    made.change("validate", {"split.test": 0.3})
    with pytest.raises(IntegrityError, match=r"^validate: data/02/rows\.json is not") as caught:
        made.run("validate")
    assert caught.value.exit_code == 15
    assert "`kedro run` with `--pipelines ingest` makes it again" in str(caught.value)
    assert made.ran == []
    assert made.contents() == before
    # What the check has read is known from then on: the stage that wrote it mends it.
    assert made.run("ingest", "validate") == [*INGEST, *VALIDATE, *DRAWING]
    assert rows.read_bytes() == sound


def test_an_older_version_that_took_an_inputs_place_unseen_is_what_a_stage_was_made_from(made):
    made.change("validate", {"split.test": 0.3})
    made.run("validate")
    old = made.place("manifest").read_bytes()
    made.change("validate", {"split.test": 0.4})
    made.run("validate")
    replace_unseen(made.place("manifest"), old)  # sound, as validate has written it once
    assert made.run("train", force=True) == ["train"]
    assert made.run("train") == []


def test_a_missing_input_is_no_reason_to_skip_and_costs_no_output(made):
    before = made.place("weights").read_bytes()
    made.place("manifest").unlink()
    with pytest.raises(DatasetError, match=r"manifest\.json"):
        made.run("train")
    assert made.place("weights").read_bytes() == before


@pytest.mark.parametrize("other_data", [True, False])
def test_a_page_that_cannot_be_drawn_costs_no_other_and_is_drawn_by_the_next_run(made, other_data):
    old = (made.place("pages") / "index.html").read_bytes()
    if other_data:
        made.change("validate", {"split.test": 0.3})
    else:
        code_of_drawing(made)
    made.during["draw_pages"] = fail(ValueError("no font"))
    with pytest.raises(DrawingError, match=r"^validate_drawing: draw_pages: no font") as caught:
        made.run(*CHAIN)
    assert caught.value.exit_code == 16
    assert made.ran == [*(VALIDATE if other_data else []), *DRAWING, *["train"] * other_data]
    assert made.events[-1 - other_data * 2][1:] == (
        "validate_drawing",
        {"summary": made.place("summary")},
    )
    # An old page of the same data stays; of other data it would lie.
    assert made.place("pages").exists() is not other_data
    made.during.clear()
    assert made.run(*CHAIN) == DRAWING
    assert ((made.place("pages") / "index.html").read_bytes() == old) is not other_data
    assert made.run(*CHAIN) == []


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"hook_manager": None}, ValueError),
        ({"hook_manager": _create_hook_manager(), "only_missing_outputs": True}, ParameterError),
    ],
    ids=["no hooks", "only missing outputs"],
)
def test_what_the_runner_cannot_do_is_refused_before_anything_is_read(arguments, error):
    with pytest.raises(error):
        StageRunner().run(Pipeline([]), catalog=None, **arguments)


# Of these, unlike of removals, a run after a killed one makes as many as any.
KILLED_AT = ("os.rename", "os.mkdir")


def run_killed(toy, number, *stages):
    """Run in a fork that is killed before its change ``number`` of the tree of files.

    Returns:
        What it would have changed; None where it had nothing left to change, and ended.
    """
    note = toy.folder / "killed_at"
    child = os.fork()
    if not child:
        count = 0

        def kill(event, arguments):
            nonlocal count
            if event in KILLED_AT:
                count += 1
                if count == number:
                    os.write(opened, f"{event} {arguments[:2]}".encode())
                    os.kill(os.getpid(), signal.SIGKILL)

        logging.disable()
        opened = os.open(note, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        sys.addaudithook(kill)
        try:
            toy.run(*stages)
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return note.read_text() if os.WIFSIGNALED(status) else None


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux swaps two folders in one step")
def test_killed_before_any_move_a_stage_is_whole_or_announced_and_the_next_run_mends_it(toy):
    toy.path(f"{RAW}/list.csv").write_text("1,label0\n")
    toy.run("ingest")
    number, found = 0, []
    while True:
        number += 1
        old, new = f"label{number - 1}", f"label{number}"
        toy.path(f"{RAW}/list.csv").write_text(f"1,{new}\n")
        killed = run_killed(toy, number, "ingest")
        ((_, label),) = json.loads(toy.place("rows").read_text())
        scans = {path.name: path.read_text() for path in toy.place("scans").iterdir()}
        assert label in (old, new), killed
        assert scans in ({"1.txt": old}, {"1.txt": new}), killed
        if not killed:
            break
        announced = toy.workspace().records.announced("ingest") is not None
        found.append((label == new, scans["1.txt"] == new, announced))

        whole = found[-1][0] and found[-1][1]
        assert toy.run("ingest") == ([] if announced or whole else INGEST), killed
        assert json.loads(toy.place("rows").read_text()) == [["1", new]], killed
        assert (toy.place("scans") / "1.txt").read_text() == new, killed
        assert toy.workspace().records.announced("ingest") is None, killed
        assert leftovers(toy) == [], killed
    # Written aside; announced; put in place, one after the other; settled.
    assert list(dict.fromkeys(found)) == [
        (False, False, False),
        (False, False, True),
        (True, False, True),
        (True, True, True),
        (True, True, False),
    ]
    assert (label, scans) == (new, {"1.txt": new})
    assert toy.run("ingest") == []
