"""What an entry of ``dvc.lock`` says."""

from dermaflow.params.train import TrainParams
from dermaflow.versioning.dvc.lock import record_of
from ml.recipes import make_params


def entry(train):
    return {"params": {"conf/base/parameters_train.yml": {"train": train}}}


def test_values_that_the_code_refuses_count_as_changed():
    train = make_params().model_dump(mode="json")
    now = {"train": TrainParams.model_validate(train).model_dump(mode="json")}
    assert record_of(entry(train), ["train"]).parameters == now
    for refused in ({"epochs": -1}, {"no such key": 1}):
        other = train | refused
        assert record_of(entry(other), ["train"]).parameters == {"train": other} != now


def test_a_group_that_the_lock_does_not_name_counts_as_changed():
    assert record_of({}, ["train"]).parameters == {"train": None}


def test_an_environments_file_is_laid_over_that_of_base():
    files = {
        "conf/aaa/parameters.yml": {"evaluate": {"confidence": 0.9}},
        "conf/base/parameters.yml": {"evaluate": {"confidence": 0.95}},
    }
    assert record_of({"params": files}, ["evaluate"]).parameters["evaluate"]["confidence"] == 0.9
