"""What decides a stage's work, less what only changes how it is done."""

from pathlib import Path

import pytest

from dermaflow.ml.training.working_folder import WorkingFolder

MADE_FROM = {
    "code": {"fit.py": "a"},
    "parameters": {"train": {"epochs": 3, "workers": 2}, "seed": 1, "crossval": {"folds": [1]}},
}


def decisive(made_from=MADE_FROM, **without_effect):
    return WorkingFolder(Path("unused"), made_from).decisive(without_effect)


def test_only_the_named_keys_of_the_named_groups_are_left_out():
    assert decisive(train=("workers", "processes")) == {
        "code": {"fit.py": "a"},
        "parameters": {"train": {"epochs": 3}, "seed": 1, "crossval": {"folds": [1]}},
    }
    assert decisive(train=("workers",), crossval=("folds",))["parameters"] == {
        "train": {"epochs": 3},
        "seed": 1,
        "crossval": {},
    }


def test_what_it_is_made_from_stays_as_it_is():
    decisive(train=("workers",))
    assert MADE_FROM["parameters"]["train"] == {"epochs": 3, "workers": 2}


@pytest.mark.parametrize("made_from", [{"run": "a"}, {"run": "a", "parameters": {"seed": 1}}])
def test_a_run_that_is_known_by_its_name_alone_decides_by_it(made_from):
    found = decisive(made_from, train=("workers",))
    assert found["run"] == "a"
    assert found["parameters"] == made_from.get("parameters", {}) | {"train": {}}
