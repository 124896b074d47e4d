"""A stage's working folder."""

from pathlib import Path

import pytest

from dermaflow.datasets.working_folder_dataset import WorkingFolderDataset
from dermaflow.ml.training.working_folder import WorkingFolder
from dermaflow.params.crossval import CrossvalParams
from dermaflow.params.train import TrainParams


def test_parameters_without_effect_decide_nothing():
    made_from = {
        "inputs or code": {"manifest": "a"},
        "parameters": {"train": {"epochs": 3, "processes": 2, "log_every": 5}, "seed": 1},
    }
    decides = WorkingFolder(Path("unused"), made_from).decisive(
        {"train": ("processes", "log_every")}
    )
    assert decides == {
        "inputs or code": {"manifest": "a"},
        "parameters": {"train": {"epochs": 3}, "seed": 1},
    }
    assert made_from["parameters"]["train"]["processes"] == 2


@pytest.mark.parametrize("group", [TrainParams, CrossvalParams])
def test_parameters_without_effect_are_there(group):
    assert set(group.WITHOUT_EFFECT) < group.model_fields.keys()


def test_a_runner_that_does_not_tell_has_nothing_resumed(tmp_path):
    folders = [WorkingFolderDataset(filepath=str(tmp_path)).load() for _ in range(2)]
    assert folders[0].decisive({"train": ()}) != folders[1].decisive({"train": ()})
