"""Shares of the split, and the earlier files that validate is asked to look at."""

import pytest
from pydantic import ValidationError

from conf_params import params_of


def test_a_split_must_leave_something_to_train_on():
    assert params_of("validate", {"split.val": 0.5, "split.test": 0.49}).split.val == 0.5
    with pytest.raises(ValidationError, match="something to train on"):
        params_of("validate", {"split.val": 0.5, "split.test": 0.5})


@pytest.mark.parametrize("key", ["split.keep", "drift.reference"])
def test_an_earlier_file_that_is_not_there_is_refused(tmp_path, key):
    with pytest.raises(ValidationError, match=f"{key}: there is no file {tmp_path}/gone"):
        params_of("validate", {key: f"{tmp_path}/gone"})
    with pytest.raises(ValidationError, match=f"{key}: there is no file {tmp_path}"):
        params_of("validate", {key: str(tmp_path)})  # which is a folder


def test_every_earlier_file_that_is_named_is_a_raw_file(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    keys = {"decisions": "d.csv", "split.keep": "k.parquet", "drift.reference": "r.json"}
    for name in keys.values():
        (tmp_path / name).touch()
    validate = params_of("validate", {key: f"~/{name}" for key, name in keys.items()})
    assert validate.raw_paths() == [tmp_path / name for name in keys.values()]
    assert params_of("validate").raw_paths() == []
