"""Runs of single folds: what they hold, what they leave, and what the stage makes of it."""

import logging
import shutil

import pytest
from kedro.framework.hooks import hook_impl
from kedro.framework.hooks.manager import _create_hook_manager
from kedro.framework.project import configure_project, pipelines
from kedro.io import DataCatalog, MemoryDataset

from conf_params import params_of
from dermaflow.errors import BusyError, ParameterError, RunningError
from dermaflow.experiments.crossval.fold_run import FoldRun, FoldRunner
from dermaflow.schema import FOLDS_STAGE
from dermaflow.versioning.dvc.stage_file import read_conf_files
from dermaflow.versioning.stages import stage_locks
from dermaflow.versioning.stages.runner import StageRunner, by_stage
from dermaflow.versioning.stages.stage_run import KedroRun
from dermaflow.versioning.stages.stages_of_run import StagesOfRun
from dermaflow.versioning.stages.workspace import Workspace
from experiments.crossval.images import CLASSES, PICTURES, make_manifest, write_store
from feature_store import write_features
from ml.recipes import make_params

DATA = "data/smoke"
CROSSVAL = {"synthetic": False, "val": 0.2}
IMAGE = {"height": 32, "width": 32}
TRAIN = {"epochs": 1, "batch_size": 5, "backbone.frozen": ["stem"]}


class CrossvalProject:
    """A project with data to be cross-validated on; the code is the checkout's."""

    def __init__(self, folder, conf):
        self.folder, self._entries = folder, conf["catalog"]
        self.parameters = {name: params_of(name) for name in conf["parameters"]}
        self.parameters |= {
            "image": params_of("image", IMAGE),
            "train": make_params(**TRAIN),
            "crossval": params_of("crossval", CROSSVAL),
        }

    def fill(self):
        (self.folder / "pyproject.toml").write_text("[tool.kedro]\n")
        write_store(PICTURES, self.folder / DATA / "02_intermediate/image_store")
        pictures = {f"i{number}": picture for number, picture in enumerate(PICTURES)}
        write_features(self.folder / DATA / "02_intermediate/picture_features", pictures)
        self.catalog().save("manifest", make_manifest())
        self.catalog().save("classes", CLASSES)

    def catalog(self):
        catalog = DataCatalog.from_config(
            {
                name: {**entry, "filepath": str(self.folder / entry["filepath"])}
                for name, entry in self._entries.items()
                if "filepath" in entry
            }
        )
        values = {"parameters": self.parameters, "project_path": self.folder, "tracking_uri": "a"}
        values |= {f"params:{name}": value for name, value in self.parameters.items()}
        for name, value in values.items():
            catalog[name] = MemoryDataset(value, copy_mode="assign")
        return catalog

    def change(self, **changes):
        self.parameters["crossval"] = params_of("crossval", CROSSVAL | changes)

    def fold(self, number):
        """The stages of a run of one fold, which has not begun."""
        return FoldRun(*self._begun(), number)

    def pool(self):
        """The stages of a run of the whole stage, which has not begun."""
        return StagesOfRun(*self._begun(), False)

    def _begun(self):
        kedro = KedroRun(_create_hook_manager(), None, False)
        return kedro, Workspace(self.folder, self.catalog()), dict(by_stage(pipelines[FOLDS_STAGE]))

    def run(self, runner, before_stage=lambda: None):
        """Run the stage by a runner; gives what was begun, as hooks are told."""
        recorder, hooks = _Recorder(before_stage), _create_hook_manager()
        hooks.register(recorder)
        try:
            runner.run(pipelines[FOLDS_STAGE], self.catalog(), hooks)
        finally:
            if recorder.workspace:
                recorder.workspace.locks.release()
        return recorder.begun

    def kept(self, number):
        """The file of a finished fold."""
        (file,) = (self.folder / DATA / f"unfinished/crossval/fold_{number}/done").iterdir()
        return file


class _Recorder:
    def __init__(self, before_stage):
        self.begun, self.workspace, self._before_stage = [], None, before_stage

    @hook_impl
    def before_stages_run(self, workspace):
        self.workspace = workspace

    @hook_impl
    def before_stage_run(self, stage, part):
        self.begun.append((stage, part))
        self._before_stage()


@pytest.fixture(scope="module")
def conf(project_path):
    configure_project("dermaflow")
    return read_conf_files(project_path, "smoke")


@pytest.fixture(scope="module")
def first(conf, tmp_path_factory):
    """A project whose first fold is done."""
    project = CrossvalProject(tmp_path_factory.mktemp("project"), conf)
    project.fill()
    assert project.run(FoldRunner(1)) == [(FOLDS_STAGE, "fold 1")]
    return project


@pytest.fixture
def project(first, conf, tmp_path):
    """A copy of it, for a test that changes it."""
    shutil.copytree(first.folder, tmp_path, dirs_exist_ok=True)
    return CrossvalProject(tmp_path, conf)


def test_folds_run_beside_one_another_and_none_beside_the_stage_that_pools(first, monkeypatch):
    monkeypatch.setattr(stage_locks, "SECONDS_OF_PATIENCE", 0)
    one, same, two, pool = first.fold(1), first.fold(1), first.fold(2), first.pool()
    needed = one.needed()
    assert needed.pop(f"{FOLDS_STAGE}_fold_1")
    assert FOLDS_STAGE in needed and not any(needed.values())

    def acquire(run):
        run._workspace.locks.acquire(run.needed, wait=False)

    acquire(one)
    acquire(two)
    with pytest.raises(RunningError, match=rf"^{FOLDS_STAGE}_fold_1: another run"):
        acquire(same)
    one._workspace.locks.release()
    with pytest.raises(RunningError, match=rf"^{FOLDS_STAGE}: another run"):
        acquire(pool)
    two._workspace.locks.release()
    acquire(pool)
    with pytest.raises(RunningError, match=rf"^{FOLDS_STAGE}: another run"):
        acquire(same)
    pool._workspace.locks.release()


def test_a_finished_fold_is_neither_trained_again_nor_an_output_of_the_stage(first, caplog):
    with caplog.at_level(logging.INFO):
        assert first.run(FoldRunner(1)) == []
    assert caplog.messages[-1] == "Fold 1 is done already"
    outputs = first.fold(1)._workspace.outputs(FOLDS_STAGE).values()
    assert not any(path.exists() for path in outputs)
    assert not list((first.folder / DATA / "stage_records").glob("*/*.json"))


def test_the_stage_pools_what_runs_of_folds_have_left(project, caplog):
    with caplog.at_level(logging.INFO):
        assert project.run(FoldRunner(2)) == [(FOLDS_STAGE, "fold 2")]
        assert project.run(StageRunner()) == [(FOLDS_STAGE, "")]
    assert {"Fold 1 is done already", "Fold 2 is done already"} < set(caplog.messages)
    assert set(project.catalog().load("crossval_logits")["fold"]) == {1, 2}
    assert not (project.folder / DATA / "unfinished/crossval").exists()
    with caplog.at_level(logging.INFO):
        assert project.run(FoldRunner(1)) == []
    assert caplog.messages[-1] == f"{FOLDS_STAGE}: unchanged, fold 1 skipped"


def test_a_fold_of_other_parameters_is_trained_anew(project, caplog):
    before = project.kept(1)
    project.change(val=0.3)
    assert project.run(FoldRunner(1)) == [(FOLDS_STAGE, "fold 1")]
    assert project.kept(1).name != before.name
    assert "made with other parameters.crossval.val" in caplog.text


def test_a_damaged_fold_is_no_finished_one(project):
    content = bytearray(project.kept(1).read_bytes())
    content[-1] ^= 1
    project.kept(1).write_bytes(content)
    assert not project.fold(1)._is_done()


def test_nothing_is_kept_of_a_fold_whose_data_were_replaced_meanwhile(project):
    def replace():
        project.catalog().save("manifest", make_manifest().assign(data_version="v2"))

    with pytest.raises(BusyError, match=r"manifest\.parquet"):
        project.run(FoldRunner(2), before_stage=replace)
    assert not (project.folder / DATA / "unfinished/crossval/fold_2").exists()
    assert project.kept(1).exists()


def test_which_folds_are_to_be_trained_changes_none(project):
    project.change(folds=[1])
    assert project.run(FoldRunner(1)) == []


def test_a_fold_that_there_is_not_or_that_is_left_out_is_refused(project):
    with pytest.raises(ParameterError, match=r"no fold 3; validate made 2"):
        project.run(FoldRunner(3))
    project.change(folds=[2])
    with pytest.raises(ParameterError, match=r"crossval\.folds: \[2\] leaves out fold 1"):
        project.run(FoldRunner(1))


def test_a_fold_of_the_protocol_that_leaks_is_marked(project):
    project.change(protocol="image")
    assert project.run(FoldRunner(2)) == [(FOLDS_STAGE, "fold 2 LEAKING")]
