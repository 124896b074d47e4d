"""Which run a user means."""

import pytest
from mlflow.entities import Run, RunData, RunInfo

from dermaflow.errors import RunLookupError
from dermaflow.tracking.find_runs import find_run


def make_run(run_id, name):
    info = RunInfo(
        run_id=run_id.ljust(32, "0"),
        experiment_id="1",
        user_id="",
        status="FINISHED",
        start_time=0,
        end_time=1,
        lifecycle_stage="active",
        run_name=name,
    )
    return Run(info, RunData())


# The newest first.
RUNS = [
    make_run("abc1", "base: all"),
    make_run("abd2", "base: all"),
    make_run("ffff", "no synthetic images"),
    make_run("1234", "abc"),
]


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("abc1", 0),
        ("ABC1", 0),
        ("abd2".ljust(32, "0"), 1),
        ("f", 2),
        ("no synthetic images", 2),
        ("latest", 0),
        ("latest~0", 0),
        ("latest~3", 3),
        ("abc", 0),  # an id's first digits before a name
    ],
)
def test_a_run_goes_by_id_first_digits_name_or_place(name, place):
    assert find_run(name, RUNS) is RUNS[place]


@pytest.mark.parametrize("name", ["ab", "base: all"])
def test_what_several_runs_go_by_is_refused_with_their_ids(name):
    with pytest.raises(RunLookupError, match=r"any of 2 runs: abc10000 .*, abd20000 .*give an id"):
        find_run(name, RUNS)


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("no synthetic image", "near: ffff0000"),
        ("abc7", "near: .*abc10000"),
        ("", "newest: abc10000"),
        ("latest~4", "only 4 runs"),
        ("latest~", "newest"),
        ("something else", "newest: abc10000"),
    ],
)
def test_an_unknown_run_is_answered_with_what_is_near(name, near):
    with pytest.raises(RunLookupError, match=near):
        find_run(name, RUNS)


def test_no_runs_at_all():
    with pytest.raises(RunLookupError, match="newest: none"):
        find_run("x", [])
