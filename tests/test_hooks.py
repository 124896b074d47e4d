"""What Kedro's hooks wire: parameters are checked first, a run is tracked, DVC is told."""

from contextlib import nullcontext

import mlflow
import pytest
import yaml
from kedro.config import MissingConfigException, OmegaConfigLoader
from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl
from kedro.framework.hooks.manager import _create_hook_manager
from kedro.framework.project import configure_project, pipelines
from kedro.pipeline import Pipeline
from kedro.runner import SequentialRunner, ThreadRunner
from mlflow import MlflowClient

from dermaflow.errors import BusyError, ParameterError
from dermaflow.hooks import ParameterHook, RunnerHook, TrackingHook, VersioningHook
from dermaflow.settings import CONFIG_LOADER_ARGS
from dermaflow.versioning.stages.runner import StageRunner
from dermaflow.versioning.stages.stage_locks import StageLocks
from versioning.toy_project import ToyProject, fail


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """A project of toy stages, none of which has run; it is the working directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DVC_STAGE", raising=False)
    configure_project("dermaflow")
    yield ToyProject(tmp_path)
    configure_project("dermaflow")


def make_context(folder, conf, env="smoke", given=None):
    """What a session gives to hooks, with the configuration of another folder."""
    loader = OmegaConfigLoader(str(conf), env=env, runtime_params=given, **CONFIG_LOADER_ARGS)
    return KedroContext(folder, loader, env, "dermaflow", _create_hook_manager(), given)


@pytest.mark.parametrize(
    ("given", "place"),
    [
        (None, r"\(conf/clinic/parameters_train\.yml\)"),
        ({"train": {"epoch": 3}}, r"\(--params\)"),
    ],
)
def test_a_wrong_parameter_is_refused_by_its_file_or_option(project_path, tmp_path, given, place):
    conf = tmp_path / "conf"
    (conf / "clinic").mkdir(parents=True)
    (conf / "base").symlink_to(project_path / "conf/base")
    (conf / "clinic/globals.yml").write_text("data: data/clinic\n")
    wrong = "" if given else yaml.safe_dump({"train": {"epoch": 3}})
    (conf / "clinic/parameters_train.yml").write_text(wrong)
    context = make_context(tmp_path, conf, "clinic", given)
    with pytest.raises(ParameterError, match=rf"train\.epoch: unknown key.* {place}"):
        ParameterHook().after_context_created(context)


def test_code_of_another_place_than_the_projects_is_refused(project_path, tmp_path):
    context = make_context(project_path, project_path / "conf")
    ParameterHook().after_context_created(context)
    (tmp_path / "src/dermaflow").mkdir(parents=True)
    context = make_context(tmp_path, project_path / "conf")
    ParameterHook().after_context_created(context)  # of a wheel: there is no code to take for it
    (tmp_path / "src/dermaflow/__init__.py").touch()
    with pytest.raises(ParameterError, match=rf"not this project's own {tmp_path}/src/dermaflow"):
        ParameterHook().after_context_created(context)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Address of a SQLite store with an empty experiment; making one takes MLflow seconds."""
    folder = tmp_path_factory.mktemp("store")
    address = f"sqlite:///{folder}/mlflow.db"
    MlflowClient(address).create_experiment("dermaflow-smoke", (folder / "artifacts").as_uri())
    return address


@pytest.fixture
def client(store, monkeypatch):
    """A client of the store, which is the chosen one and holds no run."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store)
    client = MlflowClient(store)
    for run in runs_of(client):
        client.delete_run(run.info.run_id)
    before = mlflow.get_tracking_uri()
    yield client
    mlflow.set_tracking_uri(before)


def runs_of(client):
    """Runs of the experiment, the oldest first."""
    experiment = client.get_experiment_by_name("dermaflow-smoke")
    return client.search_runs([experiment.experiment_id], order_by=["attributes.start_time"])


class Sessions:
    """Runs stages of a toy project as Kedro's sessions do, with hooks that stay the same.

    Args:
        toy: the project.
        conf: folder of the configuration that hooks are given.
        hooks: as the settings list them.
    """

    def __init__(self, toy, conf, *hooks):
        self.toy, self.hooks = toy, hooks
        self.context = make_context(toy.folder, conf)

    def start(self, pipeline, **asked):
        """Start a session that is asked for a pipeline; gives Kedro's hooks, and what they get."""
        manager = _create_hook_manager()
        for hook in self.hooks:
            manager.register(hook)
        catalog = self.toy.catalog()
        manager.hook.after_context_created(context=self.context)
        made = {name: {} for name in ("conf_catalog", "conf_creds", "parameters", "load_versions")}
        manager.hook.after_catalog_created(catalog=catalog, save_version="", **made)
        usual = {"env": "smoke", "tags": (), "pipeline_names": [], "runtime_params": None}
        told = {"run_params": usual | asked, "pipeline": pipeline, "catalog": catalog}
        manager.hook.before_pipeline_run(**told)
        return manager, told

    def run(self, *stages, **asked):
        """Run stages by the project's runner."""
        pipeline = sum((pipelines[stage] for stage in stages), Pipeline([]))
        manager, told = self.start(pipeline, pipeline_names=stages, **asked)
        try:
            StageRunner().run(pipeline, told["catalog"], manager)
        except Exception as error:
            manager.hook.on_pipeline_error(error=error, **told)
            raise
        manager.hook.after_pipeline_run(run_result={}, **told)


@pytest.fixture
def tracked(toy, client, project_path):
    """Sessions whose runs are tracked."""
    return Sessions(toy, project_path / "conf", TrackingHook(), RunnerHook())


def test_the_catalog_is_told_where_a_model_will_be_registered(tracked, store):
    _, told = tracked.start(Pipeline([]))
    assert told["catalog"].load("tracking_uri") == store


def test_where_a_model_was_registered_goes_on_record_without_secrets(tracked, monkeypatch):
    def told():
        return tracked.start(Pipeline([]))[1]["catalog"].load("tracking_uri")

    monkeypatch.setenv("MLFLOW_TRACKING_URI", "postgresql://ward:hunter2@db/runs")
    assert told() == "postgresql://ward:***@db/runs"
    monkeypatch.setenv("MLFLOW_REGISTRY_URI", "https://hunter2@registry.example")
    assert told() == "postgresql://ward:***@db/runs, registry https://***@registry.example"


def test_a_run_is_opened_by_its_first_stage_and_one_without_any_leaves_no_trace(tracked, client):
    tracked.run("ingest", "validate")
    (run,) = runs_of(client)
    assert run.info.status == "FINISHED"
    assert run.data.tags["stages"] == "ingest+validate"
    tracked.run("ingest", "validate")
    assert len(runs_of(client)) == 1


@pytest.mark.parametrize(
    ("error", "status"), [(ValueError("no"), "FAILED"), (KeyboardInterrupt("no"), "KILLED")]
)
def test_a_run_that_a_stage_ends_is_closed_at_once_and_the_next_is_another(
    tracked, client, toy, error, status
):
    def stop():
        raise error

    toy.during["check"] = stop
    with pytest.raises(type(error)):
        tracked.run("ingest", "validate")
    (run,) = runs_of(client)
    assert run.info.status == status
    assert run.data.tags["stages"] == "ingest"
    assert run.data.tags["error"] == f"{type(error).__name__}: no"
    toy.during.clear()
    tracked.run("validate")
    assert [(run.info.run_name, run.info.status) for run in runs_of(client)] == [
        ("smoke: ingest+validate", status),
        ("smoke: validate", "FINISHED"),
    ]


def test_a_run_holds_all_parameters_but_the_floors_of_promotion(tracked, client, project_path):
    tracked.run("ingest", env=None, runtime_params={"seed": 3})
    (run,) = runs_of(client)
    assert (run.info.run_name, run.data.tags["env"]) == ("base: ingest (seed=3)", "base")
    assert run.data.params["train.epochs"] == "2"
    names = {path.stem for path in (project_path / "conf/base").glob("parameters_*.yml")}
    groups = {name.removeprefix("parameters_") for name in names} | {"seed", "image"}
    empty = {"class_names"}
    assert {key.partition(".")[0] for key in run.data.params} == groups - empty - {"promote"}


@pytest.mark.parametrize("runner", [SequentialRunner, ThreadRunner])
def test_another_runner_is_refused_before_a_node_runs_and_leaves_no_run(
    tracked, client, toy, runner
):
    tracked.run("ingest")
    before = toy.contents()
    toy.ran.clear()
    toy.change("validate", {"split.test": 0.3})
    manager, told = tracked.start(pipelines["validate"])
    with pytest.raises(ParameterError, match="only the project's own runner") as caught:
        runner().run(pipelines["validate"], told["catalog"], manager)
    manager.hook.on_pipeline_error(error=caught.value, **told)
    assert (toy.ran, toy.contents()) == ([], before)
    assert len(runs_of(client)) == 1


@pytest.mark.parametrize("end", ["well", "with an error", "with an error of a hook"])
def test_locks_are_held_until_all_hooks_have_ended(toy, project_path, end):
    class Last:
        def look(self):
            other = StageLocks(toy.path("data/stage_records"))
            with pytest.raises(BusyError):
                other.take("ingest")
            looked.append(end)
            if end == "with an error of a hook":
                raise RuntimeError(end)

        @hook_impl(trylast=True)
        def after_pipeline_run(self):
            self.look()

        @hook_impl(trylast=True)
        def on_pipeline_error(self):
            self.look()

    looked = []
    if end == "with an error":
        toy.during["check"] = fail(RuntimeError(end))
    sessions = Sessions(toy, project_path / "conf", RunnerHook(), Last())
    with nullcontext() if end == "well" else pytest.raises(RuntimeError, match=end):
        sessions.run("ingest", "validate")
    assert looked == [end]
    StageLocks(toy.path("data/stage_records")).take("ingest")


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        ({"pipeline_names": ["train", "ingest"]}, "ingest+train"),
        ({"pipeline_names": ["zz", "aa", "validate"]}, "validate+aa+zz"),
        ({"tags": ("validate_drawing",), "pipeline_names": ["validate"]}, "validate_drawing"),
        (
            {"runtime_params": {"seed": 3, "train": {"loss": {"focal_gamma": 2.0}}}},
            "all (seed=3, train.loss.focal_gamma=2.0)",
        ),
        ({"runtime_params": {"a": "x" * 300}}, f"all (a={'x' * (250 - len('smoke: all (a='))}"),
    ],
)
def test_a_run_is_named_for_what_is_asked_in_the_order_of_the_data(toy, project_path, asked, name):
    hook = TrackingHook()
    _, told = Sessions(toy, project_path / "conf", hook).start(Pipeline([]), **asked)
    hook.before_stages_run(toy.workspace())
    assert hook._make_tracker(**told, part="").name == f"smoke: {name}"


def test_a_run_of_a_fold_is_named_for_it(toy, project_path):
    hook = TrackingHook()
    asked = {"pipeline_names": ["crossval_train"], "runtime_params": {"seed": 3}}
    _, told = Sessions(toy, project_path / "conf", hook).start(Pipeline([]), **asked)
    hook.before_stages_run(toy.workspace())
    tracker = hook._make_tracker(**told, part="fold 2")
    assert tracker.name == "smoke: crossval_train fold 2 (seed=3)"


@pytest.fixture
def versioned(toy, project_path):
    """Sessions of a project without configuration, in which nothing can be committed."""
    return Sessions(toy, project_path / "conf", VersioningHook(), RunnerHook())


def test_what_a_run_made_is_committed_to_the_environment_that_it_ran_in(toy, versioned, caplog):
    (toy.folder / "conf/base").mkdir(parents=True)
    (toy.folder / "conf/base/parameters.yml").write_text("seed: 1\n")
    versioned.run("ingest", env=None)
    assert "DVC is not set up here (`dvc init`): the outputs are not versioned" in caplog.text
    with pytest.raises(MissingConfigException, match="conf/smoke"):
        versioned.run("ingest", env="smoke")


def test_a_commit_that_fails_ends_a_run_that_went_well(versioned):
    with pytest.raises(MissingConfigException):
        versioned.run("ingest")


def test_a_commit_that_fails_does_not_hide_the_error_of_a_stage(toy, versioned, caplog):
    def stop():
        raise ValueError("the real cause")

    toy.during["check"] = stop
    with pytest.raises(ValueError, match="the real cause"):
        versioned.run("ingest", "validate")
    assert "What ran before is not committed to DVC" in caplog.text


def test_a_stage_that_dvc_runs_is_left_to_dvc(versioned, monkeypatch, caplog):
    monkeypatch.setenv("DVC_STAGE", "ingest")
    versioned.run("ingest")
    assert "DVC" not in caplog.text


def test_nothing_is_committed_of_a_run_that_was_refused(versioned, caplog):
    with pytest.raises(MissingConfigException):
        versioned.run("ingest")
    manager, told = versioned.start(Pipeline([]))  # the workspace of the run before is forgotten
    manager.hook.after_pipeline_run(run_result={}, **told)
