"""A search gives up what is worse, and comes to the same end however often it is stopped."""

import shutil

import pandas as pd
import pytest

from dermaflow.experiments.search.halving_study import STATES, HalvingStudy, values_of
from dermaflow.experiments.search.trials import tabulate
from dermaflow.ml.training.working_folder import WorkingFolder
from dermaflow.params.search import SearchParams
from experiments.search.studies import SEARCH, SPACE, TRAIN, go_through


class StoppedError(Exception):
    """A process was killed."""


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    return go_through(tmp_path_factory.mktemp("study"))


def assert_same(ours, theirs):
    """To the bit."""
    pd.testing.assert_frame_equal(
        tabulate(ours, SEARCH), tabulate(theirs, SEARCH), check_exact=True
    )


def test_the_first_trial_is_the_recipe_as_it_stands(undisturbed):
    first = undisturbed[0]
    assert values_of(first) == {
        "learning_rate": 0.05,
        "loss.focal_gamma": 0.0,
        "colour_constancy": None,
    }
    assert first.state is STATES["finished"]
    assert list(first.intermediate_values) == [1, 2, 3, 4]
    assert first.value == first.intermediate_values[4]


def test_what_is_worse_at_a_rung_is_given_up_there(undisturbed):
    """Rungs are at epochs 1, 2 and 4: of those that came as far, the better half goes on."""
    for number, trial in enumerate(undisturbed):
        metric = trial.intermediate_values
        for rung in sorted({1, 2} & set(metric)):
            reached = [t.intermediate_values for t in undisturbed[: number + 1]]
            seen = [m[rung] for m in reached if rung in m]
            kept = sorted(seen, reverse=True)[: max(1, len(seen) // 2)]
            assert (metric[rung] >= kept[-1]) == (len(metric) > rung)
        ended = "finished" if len(metric) == TRAIN.epochs else "halved"
        assert trial.state is STATES[ended]
    assert {trial.state for trial in undisturbed} == {STATES["finished"], STATES["halved"]}


def test_killed_at_any_moment_it_comes_to_the_same_end(tmp_path):
    """The folder is copied after every call: a killed process leaves one of these states."""
    search = SEARCH.model_copy(update={"trials": 5, "random": 2})
    left = []

    def keep():
        left.append(tmp_path / f"{len(left)}")
        shutil.copytree(tmp_path / "whole", left[-1])

    whole = go_through(tmp_path / "whole", search, after_call=keep)
    assert len(left) > 2 * search.trials
    for folder in left:
        assert_same(go_through(folder, search), whole)


def test_stopped_again_and_again_it_comes_to_the_same_end(undisturbed, tmp_path):
    for _ in range(100):
        calls = iter(range(TRAIN.epochs + 3))  # one more than a trial takes

        def stop_in_time(calls=calls):
            if next(calls, None) is None:
                raise StoppedError

        try:
            done = go_through(tmp_path, after_call=stop_in_time)
        except StoppedError:
            continue
        assert_same(done, undisturbed)
        return
    raise AssertionError("it does not end")


def test_a_resumed_trial_keeps_its_number_its_values_and_its_first_reports(tmp_path):
    folder = WorkingFolder(tmp_path, {"run": "a"})
    trial = HalvingStudy(SEARCH, TRAIN, 1, folder).ask()
    trial.report(10, 0.5)

    study = HalvingStudy(SEARCH, TRAIN, 1, folder)
    again = study.ask()
    assert (again.number, again.values) == (trial.number, trial.values)
    again.report(10, 0.4)
    again.report(20, 0.6)
    again.close("failed")
    (done,) = study.done
    assert done.intermediate_values == {1: 0.5, 2: 0.6}
    assert done.state is STATES["failed"]
    assert study.ask().number == 2


def test_more_trials_follow_those_that_are_done(undisturbed, tmp_path):
    go_through(tmp_path, SEARCH.model_copy(update={"trials": 3}))
    assert_same(go_through(tmp_path), undisturbed)


def test_a_file_that_was_damaged_costs_no_more_than_an_epoch(undisturbed, tmp_path):
    go_through(tmp_path, SEARCH.model_copy(update={"trials": 3}))
    last = max(tmp_path.glob("study/*"))
    last.write_bytes(last.read_bytes()[:-100])
    assert_same(go_through(tmp_path), undisturbed)


def test_trials_made_from_something_else_are_not_taken_over(tmp_path, caplog):
    search = SEARCH.model_copy(update={"trials": 1})
    go_through(tmp_path, search)
    study = HalvingStudy(search, TRAIN, 1, WorkingFolder(tmp_path, {"run": "b"}))
    assert not study.done
    assert study.ask().number == 1
    assert "was made with other run" in caplog.text


def test_a_recipe_outside_the_space_is_not_tried_as_it_is(tmp_path):
    space = {
        "learning_rate": {"low": 0.2, "high": 1.0},
        "loss.focal_gamma": SPACE["loss.focal_gamma"],
    }
    search = SearchParams.model_validate(SEARCH.model_dump() | {"space": space})
    trial = HalvingStudy(search, TRAIN, 1, WorkingFolder(tmp_path, {"run": "a"})).ask()
    assert 0.2 <= trial.values["learning_rate"] <= 1.0
    assert trial.values["loss.focal_gamma"] == 0.0
