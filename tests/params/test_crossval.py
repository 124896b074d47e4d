"""Which folds are trained here, and which are taken over from other machines."""

import pytest
from pydantic import ValidationError

from conf_params import params_of
from dermaflow.params.crossval import FOLD_FILES


@pytest.mark.parametrize(("written", "read"), [("all", []), (2, [2]), ([3, 1], [3, 1])])
def test_folds_are_all_or_some(written, read):
    assert params_of("crossval", {"folds": written}).folds == read


@pytest.mark.parametrize(
    ("folds", "message"),
    [([2, 1, 2], "names a fold twice"), ([0], "greater than 0"), ("some", "a valid list")],
)
def test_folds_that_cannot_be_meant_are_refused(folds, message):
    with pytest.raises(ValidationError, match=message):
        params_of("crossval", {"folds": folds})


def test_both_files_of_each_collected_folder_are_raw_files(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    folders = [tmp_path / name for name in ("second", "first")]
    for folder in folders:
        folder.mkdir()
        for name in FOLD_FILES:
            (folder / name).touch()
    expected = [folder / name for folder in folders for name in FOLD_FILES]
    crossval = params_of("crossval", {"collect": ["~/second", str(folders[1])]})
    assert crossval.raw_paths() == crossval.collected_files == expected
    assert params_of("crossval", {"collect": "~/second"}).raw_paths() == expected[:2]
    assert params_of("crossval").raw_paths() == []


@pytest.mark.parametrize("missing", FOLD_FILES)
def test_a_collected_folder_that_lacks_a_file_is_refused(tmp_path, missing):
    for name in FOLD_FILES:
        (tmp_path / name).touch()
    (tmp_path / missing).unlink()
    with pytest.raises(ValidationError, match=f"collect: there is no file .*/{missing}"):
        params_of("crossval", {"collect": str(tmp_path)})
