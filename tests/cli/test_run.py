"""``kedro run``: what is ours of it."""

import pytest
from kedro.framework.cli.project import run as kedro_run
from kedro.utils import load_obj

from dermaflow.cli.run import run
from dermaflow.experiments.crossval.fold_run import FoldRunner
from dermaflow.versioning.stages.runner import StageRunner


@pytest.fixture
def handed_over(monkeypatch):
    """Give arguments to ``kedro run``; gives the options that Kedro's own command would get."""
    seen = {}
    monkeypatch.setattr(kedro_run, "callback", lambda **options: seen.update(options))

    def call(*arguments):
        with run.make_context("run", list(arguments)) as context:
            context.invoke(run.callback, **context.params)
        return seen

    return call


@pytest.mark.parametrize(
    ("option", "given", "wrong"),
    [
        ("--pipelines", "ingest,trian", "trian"),
        ("--pipeline", "trian", "trian"),
        ("--pipelines", "train_drawing", "train_drawing"),  # a stage of its own, but no pipeline
    ],
)
def test_a_pipeline_that_is_not_there_is_refused_with_those_that_are(kedro, option, given, wrong):
    done = kedro("run", option, given)
    assert done.exit_code == 2
    known = "ingest, validate, augment, train, evaluate, explain, register, crossval_train, "
    known += "crossval_evaluate, search, crossval, __default__"
    assert f"there is no pipeline '{wrong}'; there are {known}" in " ".join(done.output.split())


def test_an_environment_that_is_not_there_is_refused_with_those_that_are(kedro):
    done = kedro("run", "--env", "smok")
    assert done.exit_code == 2
    assert "no folder conf/smok; there are base" in " ".join(done.output.split())


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("--nodes=draw_samples", "Did you mean: ['validate.draw_samples']?"),
        ("--to-outputs=nonsense", "does not contain datasets named ['nonsense']"),
        ("--tags=nonsense", "contains no nodes after applying all provided filters"),
    ],
)
def test_a_part_that_is_not_there_is_refused_in_one_line(kedro, option, said):
    done = kedro("run", "--pipelines", "validate", option)
    assert done.exit_code == 2
    assert said in done.stderr.splitlines()[-1]


@pytest.mark.parametrize("force", [True, False])
def test_the_runner_is_the_projects_own_and_is_told_what_is_forced(handed_over, force):
    forced = ["--force"] if force else []
    options = handed_over("--pipelines", "train,crossval", *forced, "--runner-params", "a=1")
    runner = load_obj(options["runner"])
    assert runner is StageRunner
    assert options["runner_params"] == {"a": 1, "force": force, "if_running": "fail"}
    assert runner(force=options["runner_params"]["force"])._force is force
    assert options["pipelines"] == ["train", "crossval"]


def test_another_runner_is_left_alone_and_cannot_be_forced(handed_over, kedro):
    options = handed_over("--runner", "ThreadRunner", "--runner-params", "max_workers=2")
    assert options["runner"] == "ThreadRunner"
    assert options["runner_params"] == {"max_workers": 2}
    done = kedro("run", "--runner", "ThreadRunner", "--force")
    assert done.exit_code == 2
    assert "--force goes with the project's own runner" in done.output


def test_a_fold_has_a_runner_of_its_own(handed_over):
    options = handed_over("--pipelines", "crossval_train", "--fold", "2", "--if-running", "wait")
    assert load_obj(options["runner"]) is FoldRunner
    assert options["runner_params"] == {"fold": 2, "if_running": "wait"}


@pytest.mark.parametrize(
    "given",
    [
        [],
        ["--pipelines", "crossval"],
        ["--pipelines", "crossval_train,crossval_evaluate"],
        ["--pipelines", "crossval_train", "--force"],
        ["--pipelines", "crossval_train", "--runner", "ThreadRunner"],
    ],
)
def test_a_fold_is_one_of_the_stage_that_trains_folds(kedro, given):
    done = kedro("run", *given, "--fold", "1")
    assert done.exit_code == 2
    assert "--fold goes with `--pipelines crossval_train`" in " ".join(done.output.split())


def test_the_environment_is_one_of_the_given_configuration_in_either_order(handed_over, tmp_path):
    (tmp_path / "clinic").mkdir()
    env, conf = ("--env", "clinic"), ("--conf-source", str(tmp_path))
    for arguments in ((*env, *conf), (*conf, *env)):
        assert handed_over(*arguments)["env"] == "clinic"


def test_kedros_options_are_all_there_once(handed_over):
    options = handed_over()
    assert set(options) == {option.name for option in kedro_run.params}
    names = [name for option in run.params for name in option.opts]
    assert len(set(names)) == len(names)
