"""``kedro run`` on a real project: what is skipped, what runs, and what a killed run leaves."""

import re
import shutil
import signal

import pandas as pd
import pytest
import yaml

from dermaflow.versioning.stages.fingerprint import hash_path
from waiting import read_until, wait_until

STAGES = ("kedro", "run", "--env", "smoke", "--pipelines", "ingest,validate")


@pytest.fixture
def project(copy_finished):
    """A project in which all stages have run."""
    return copy_finished()


@pytest.fixture
def data(project):
    return project.folder / "data/smoke"


def skipped(output):
    return re.findall(r"(\w+): unchanged, skipped", output)


def contents(folder):
    """Files below a folder of data, but for the runner's own."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {
        path.relative_to(folder): path.read_bytes()
        for path in files
        if "stage_records" not in path.parts
    }


def change(path, edit):
    values = yaml.safe_load(path.read_text())
    edit(values)
    path.write_text(yaml.safe_dump(values))


def test_unchanged_stages_are_skipped_and_changed_ones_say_why(project, data):
    before = contents(data)
    output = project.run(*STAGES).stdout
    assert skipped(output) == ["ingest", "validate"]
    assert "Running node" not in output
    assert "MLflow run" not in output  # nothing happened: no run
    assert contents(data) == before

    output = project.run(*STAGES, "--params", "validate.split.test=0.3").stdout
    assert skipped(output) == ["ingest"]
    assert "validate: parameters changed (validate.split.test)" in output
    changed = (data / "03_primary/manifest.parquet").read_bytes()
    assert changed != before[(data / "03_primary/manifest.parquet").relative_to(data)]
    assert skipped(project.run(*STAGES, "--params", "validate.split.test=0.3").stdout) == [
        "ingest",
        "validate",
    ]

    output = project.run(*STAGES).stdout  # back to what the files say
    assert skipped(output) == ["ingest"]
    assert contents(data / "03_primary") == {
        path.relative_to("03_primary"): content
        for path, content in before.items()
        if path.is_relative_to("03_primary")
    }


@pytest.mark.slow
def test_a_touched_output_or_changed_code_runs_the_stage_again(project, data):
    manifest = data / "03_primary/manifest.parquet"
    sound = manifest.read_bytes()
    pd.read_parquet(manifest).head(3).to_parquet(manifest)
    output = project.run(*STAGES).stdout
    assert "validate: outputs changed (data/smoke/03_primary/manifest.parquet)" in output
    assert manifest.read_bytes() == sound

    code = project.folder / "src/dermaflow/data/validation/quarantine.py"
    code.write_text(f"{code.read_text()}\n# changed\n")
    output = project.run(*STAGES).stdout
    assert skipped(output) == ["ingest"]
    assert (
        "validate: inputs or code changed (src/dermaflow/data/validation/quarantine.py)" in output
    )


@pytest.mark.slow
def test_force_runs_what_is_unchanged(project):
    output = project.run(*STAGES, "--force").stdout
    assert skipped(output) == []
    assert "ingest: forced" in output


def test_a_failed_stage_leaves_the_good_outputs_and_keeps_its_reports_apart(project, data):
    before = contents(data / "03_primary") | contents(data / "08_reporting")

    def expect_too_much(values):
        values["validate"]["expectations"]["clean_set"][0]["kwargs"]["min_value"] = 10_000

    change(project.folder / "conf/base/parameters_validate.yml", expect_too_much)
    done = project.run(*STAGES, check=False)
    assert done.returncode == 5, done.stdout
    assert contents(data / "03_primary") | contents(data / "08_reporting") == before
    assert (data / "failed/validate/data_docs/index.html").exists()
    assert (data / "failed/validate/quarantine.parquet").exists()
    assert not (data / "failed/validate/samples").exists()  # there is no split to draw from
    assert not list(data.rglob(".*.partial"))
    run = project.runs()[0]
    assert run.info.status == "FAILED"
    assert run.data.tags["error"].startswith("ValidationError: ")
    assert "traceback.txt" in project.artifacts(run, "error")
    assert "index.html" in project.artifacts(run, "validation/data_docs")
    assert "uncommitted.patch" in project.artifacts(run, "versions")

    project.run("git", "checkout", "conf")
    assert skipped(project.run(*STAGES).stdout) == ["ingest", "validate"]


@pytest.mark.slow
def test_a_killed_run_goes_on_at_its_unfinished_stage_with_equal_bytes(make_project, copy_finished):
    undisturbed, project = copy_finished(), make_project()
    command = (*STAGES, "--params", "ingest.shard_images=100")
    undisturbed.run(*command)
    running = project.start(*command)
    partial = project.folder / "data/smoke/03_primary/.validate.partial"
    wait_until(partial.exists, running)
    running.kill()
    running.communicate()
    assert partial.exists()
    output = project.run(*command).stdout
    assert skipped(output) == ["ingest"]

    for folder in ("02_intermediate", "03_primary"):
        assert contents(project.folder / "data/smoke" / folder) == contents(
            undisturbed.folder / "data/smoke" / folder
        )
    # With parameters of the command line nothing is for dvc.lock, but all is to be found again.
    for name in ("02_intermediate/image_store", "03_primary/manifest.parquet"):
        value = hash_path(project.folder / "data/smoke" / name)
        assert (project.folder / ".dvc/cache/files/md5" / value[:2] / value[2:]).exists(), name
    (run,) = project.runs()  # the killed one, in which the next has gone on
    assert (run.info.status, run.data.tags["resumed"]) == ("FINISHED", "1")
    assert run.data.tags["md5.image_store"] == hash_path(
        project.folder / "data/smoke/02_intermediate/image_store"
    )


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["ctrl-c", "sigterm"]
)
def test_an_interrupted_run_says_so_in_one_line_and_leaves_nothing(make_project, number, code):
    project = make_project()
    running = project.start(*STAGES)
    read_until(running, "Running node")
    running.send_signal(number)
    output, _ = running.communicate(timeout=60)
    assert running.returncode == code
    last = output.strip().splitlines()[-1]
    assert last == "Interrupted: the same command goes on where it stopped"
    assert "Traceback" not in output
    assert not list((project.folder / "data/smoke").rglob(".*.partial"))
    (run,) = project.runs()
    assert run.info.status == "KILLED"
    assert "traceback.txt" in project.artifacts(run, "error")


def test_without_git_a_run_says_that_nothing_is_versioned_and_succeeds(make_project):
    project = make_project()
    shutil.rmtree(project.folder / ".git")
    command = (*STAGES[:-1], "ingest")
    assert "DVC is not set up here" in project.run(*command).stdout
    assert skipped(project.run(*command).stdout) == ["ingest"]
