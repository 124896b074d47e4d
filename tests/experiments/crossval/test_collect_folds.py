"""Folds of other machines are taken over where they are of the very same."""

import json
from pathlib import Path

import pandas as pd
import pytest

from conf_params import params_of
from dermaflow.errors import SourceError, ValidationError
from dermaflow.experiments.crossval.collect_folds import collect_folds, decisive
from dermaflow.ml.training.working_folder import WorkingFolder
from dermaflow.params.crossval import FOLD_FILES

GROUPS = ("crossval", "augment", "duplicates", "train")
MADE_FROM = {"inputs or code": {"manifest.parquet": "a"}, "parameters": {"seed": 1, "folds": (1,)}}


def leave_folds(folder, numbers, made_from=MADE_FROM):
    """What a machine leaves that trained some folds; the name of the folder."""
    folder.mkdir()
    rows = [(number, f"i{number}_{n}", 0.5 * n) for n in range(2) for number in numbers]
    table = pd.DataFrame(rows, columns=["fold", "image_id", "logit_mel"])
    table.to_parquet(folder / FOLD_FILES[0])
    folds = [{"fold": number, "best_epoch": number + 2} for number in numbers]
    summary = {"made_from": made_from, "folds": folds}
    (folder / FOLD_FILES[1]).write_text(json.dumps(summary))
    return str(folder)


def test_each_fold_comes_with_its_rows_and_facts(tmp_path):
    folders = [leave_folds(tmp_path / "a", [3, 1]), leave_folds(tmp_path / "b", [2])]
    found = collect_folds(folders, MADE_FROM)
    assert sorted(found) == [1, 2, 3]
    for number, (table, facts) in found.items():
        assert facts == {"fold": number, "best_epoch": number + 2}
        assert table["image_id"].tolist() == [f"i{number}_0", f"i{number}_1"]
        assert table.index.tolist() == [0, 1]
    assert collect_folds([], MADE_FROM) == {}


def test_a_folder_may_be_in_the_home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    leave_folds(tmp_path / "a", [1])
    assert list(collect_folds(["~/a"], MADE_FROM)) == [1]


def test_folds_of_something_else_are_refused_with_what_differs(tmp_path):
    other = {**MADE_FROM, "inputs or code": {"manifest.parquet": "b"}}
    folder = leave_folds(tmp_path / "a", [1], other)
    with pytest.raises(ValidationError, match=r"a was made with other inputs or code\.manifest\.p"):
        collect_folds([folder], MADE_FROM)


def test_three_differences_are_named(tmp_path):
    folder = leave_folds(tmp_path / "a", [1], {"a": 1, "b": 1, "c": 1, "d": 1})
    with pytest.raises(ValidationError, match=r"with other a, b, c$"):
        collect_folds([folder], {})


def test_a_fold_that_two_folders_hold_is_refused(tmp_path):
    folders = [leave_folds(tmp_path / "a", [1, 2]), leave_folds(tmp_path / "b", [2])]
    with pytest.raises(ValidationError, match=r"fold 2 is in .*b once more"):
        collect_folds(folders, MADE_FROM)


@pytest.mark.parametrize("damaged", FOLD_FILES)
@pytest.mark.parametrize("content", [None, b"cut short"])
def test_a_file_that_cannot_be_read_is_said_to_be_no_folds(tmp_path, damaged, content):
    folder = leave_folds(tmp_path / "a", [1])
    (tmp_path / "a" / damaged).unlink()
    if content:
        (tmp_path / "a" / damaged).write_bytes(content)
    with pytest.raises(SourceError, match=r"a holds no folds \(.+\); see crossval\.collect"):
        collect_folds([folder], MADE_FROM)


@pytest.mark.parametrize(
    "summary",
    [
        {},
        {"folds": [{"fold": 1}]},
        {"made_from": MADE_FROM, "folds": [{"fold": 1}, {"fold": 2}]},  # which has no rows
        {"made_from": MADE_FROM, "folds": []},
    ],
)
def test_a_summary_that_does_not_fit_the_rows_is_said_to_be_no_folds(tmp_path, summary):
    folder = leave_folds(tmp_path / "a", [1])
    (tmp_path / "a" / FOLD_FILES[1]).write_text(json.dumps(summary))
    with pytest.raises(SourceError, match="holds no folds"):
        collect_folds([folder], MADE_FROM)


def decided(precision="cpu/fp32", external=None, **changes):
    """What decides a fold, under changed keys of the groups."""
    models = {name: params_of(name, changes.get(name)) for name in GROUPS}
    groups = {name: model.model_dump(mode="json") for name, model in models.items()}
    made_from = {"code": "a", "parameters": groups | {"seed": 1}, "external": external or {}}
    return decisive(WorkingFolder(Path("unused"), made_from), models["crossval"], precision)


@pytest.mark.parametrize(
    "changes",
    [
        {"crossval": {"folds": [2]}},
        {"train": {"workers": 3, "checkpoint_seconds": 9.0, "processes": 2, "log_every": 1}},
    ],
)
def test_which_others_are_trained_and_how_it_is_done_decides_no_fold(changes):
    assert decided(**changes) == decided()


@pytest.mark.parametrize(
    "changes",
    [
        {"crossval": {"val": 0.3}},
        {"crossval": {"views": 2}},
        {"crossval": {"protocol": "image"}},
        {"train": {"epochs": 3}},
        {"precision": "cuda/bf16"},
        {"external": {"weights.safetensors": "hash"}},
    ],
)
def test_what_a_fold_is_made_of_decides_it(changes):
    assert decided(**changes) != decided()


@pytest.mark.parametrize(
    "changes", [{"augment": {"target_count": 9}}, {"duplicates": {"agreeing": 20}}]
)
def test_how_images_are_made_decides_folds_that_have_some(changes):
    for synthetic in (True, False):
        crossval = {"synthetic": synthetic}
        same = decided(crossval=crossval, **changes) == decided(crossval=crossval)
        assert same is not synthetic


def test_files_of_collected_folds_decide_nothing(tmp_path):
    folder = leave_folds(tmp_path / "a", [1])
    files = {str(tmp_path / "a" / name): "hash" for name in FOLD_FILES}
    collecting = decided(crossval={"collect": [folder]}, external=files | {"weights": "hash"})
    assert collecting == decided(external={"weights": "hash"})
