"""Tasks that share no disk: each clone gets what the others made through a DVC remote."""

import hashlib
import shutil

import pytest

from dermaflow.schema import JOB_ID, JOB_REMOTE

RECORDS = "data/smoke/03_primary/manifest.parquet"


def digest(project, path):
    return hashlib.sha256((project.folder / path).read_bytes()).hexdigest()


def lose_data(project):
    """As a task's own disk is lost; what is kept in MLflow stays."""
    for folder in ("data", ".dvc/cache"):
        shutil.rmtree(project.folder / folder)


@pytest.mark.slow
def test_a_stage_goes_on_in_another_clone_and_all_of_it_comes_back(make_project, tmp_path):
    project, remote = make_project(), str(tmp_path / "remote")

    def clone(name, **variables):
        made = project.clone(tmp_path / name)
        made.environment = made.environment | {JOB_ID: "1", JOB_REMOTE: remote} | variables
        return made

    one, two, three = clone("one"), clone("two"), clone("three")
    one.run("kedro", "run", "--env", "smoke", "--pipelines", "ingest")
    lose_data(one)
    said = two.run("kedro", "run", "--env", "smoke", "--pipelines", "validate").stdout
    assert "outputs of earlier stages are here" in said
    (run,) = project.runs()
    assert run.data.tags["stages"] == "ingest+validate"

    # Another job begins with what the one before made, though no disk is shared.
    again = clone("again", **{JOB_ID: "2"})
    said = again.run("kedro", "run", "--env", "smoke", "--pipelines", "ingest,validate").stdout
    assert "ingest: unchanged, skipped" in said
    assert "validate: unchanged, skipped" in said

    made = digest(two, RECORDS)
    lose_data(two)
    (three.folder / "conf/local").mkdir()
    three.run("dvc", "remote", "add", "--local", "--default", "shared", remote)
    three.run("kedro", "restore", run.info.run_id, "--data-only")
    assert digest(three, RECORDS) == made


@pytest.mark.slow
def test_a_remote_that_does_not_take_the_data_fails_the_task(make_project, tmp_path):
    project = make_project()
    (tmp_path / "file").touch()
    place = {JOB_ID: "1", JOB_REMOTE: str(tmp_path / "file" / "remote")}
    project.environment = project.environment | place
    done = project.run("kedro", "run", "--env", "smoke", "--pipelines", "ingest", check=False)
    assert done.returncode == 10, done.stdout
    assert "remote" in done.stdout.splitlines()[-1]
    project.environment = {name: v for name, v in project.environment.items() if name != JOB_ID}
    done = project.run("kedro", "run", "--env", "smoke", "--pipelines", "ingest", check=False)
    assert done.returncode == 10
    assert "whose data" in done.stdout


def test_a_stage_that_fails_before_it_begins_says_why_in_the_job_s_run(copy_finished):
    project = copy_finished()
    weights = project.folder / "data/smoke/06_models/classifier/model.safetensors"
    content = bytearray(weights.read_bytes())
    content[50_000] ^= 1
    weights.write_bytes(content)
    project.environment = project.environment | {JOB_ID: "1"}
    command = ("kedro", "run", "--env", "smoke", "--pipelines", "evaluate", "--force")
    assert project.run(*command, check=False).returncode == 15
    (run,) = project.runs()
    assert run.info.status == "RUNNING"  # the engine ends it
    assert run.data.tags["error"].startswith("IntegrityError")
