"""The smoke chain through Kubeflow's local orchestrator: one MLflow run, and the same outputs."""

import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from dermaflow.deploy.kubeflow.call_sdk import ENVIRONMENT, PYTHON

ORCHESTRATOR = Path(__file__).parents[1] / "deploy/kubeflow/local_orchestrator.py"
WEIGHTS = "data/smoke/06_models/classifier/model.safetensors"
# The image's entrypoint is the container's; a task that fails is not tried again.
CONF = "entrypoint: []\nstages: {job: {retries: 0}}\n"


@pytest.fixture
def python(project_path):
    python = Path(os.environ.get(PYTHON) or project_path / ENVIRONMENT / "bin" / "python")
    if not python.exists():
        pytest.skip("Kubeflow's SDK is not installed: `make kubeflow`")
    return python


@pytest.fixture
def project(make_project, python):
    project = make_project()
    project.environment = project.environment | {PYTHON: str(python)}
    (project.folder / "conf/smoke/kubeflow.yml").write_text(CONF)
    project.run("kedro", "kubeflow", "compile", "--env", "smoke", "--output", "chain.yaml")
    return project


def submit(project, python, tmp_path, **variables):
    """Run the pipeline; returns its exit code and what it said."""
    done = subprocess.run(
        [str(python), "-P", str(ORCHESTRATOR), "chain.yaml", str(tmp_path), ""],
        cwd=project.folder,
        env=project.environment | variables,
        capture_output=True,
        text=True,
        timeout=1200,
    )
    return done.returncode, done.stdout + done.stderr


def skipped(said):
    return re.findall(r"(\w+): unchanged, skipped", said)


def hashes(folder):
    lock = yaml.safe_load((folder / "conf/smoke/dvc.lock").read_text())
    return {
        out["path"]: out["md5"]
        for name, stage in lock["stages"].items()
        for out in stage["outs"]
        if not name.endswith("_drawing") and name != "register"
    }


@pytest.mark.slow
def test_a_job_fails_with_its_stage_and_the_next_goes_on_there(project, python, finished, tmp_path):
    killed = "data/smoke/unfinished/training/*.safetensors"
    code, said = submit(project, python, tmp_path / "1", KILL_TRAIN=killed)
    assert code == 1, said[-3000:]
    assert "--pipelines evaluate" not in said
    (run,) = project.runs()
    assert (run.info.status, run.data.tags["stages"]) == ("FAILED", "ingest+validate+augment")

    flip = f"cp {WEIGHTS} kept && printf x | dd of={WEIGHTS} bs=1 seek=50000 conv=notrunc"
    code, said = submit(project, python, tmp_path / "2", BEFORE_EVALUATE=flip)
    assert code == 1, said[-3000:]
    assert skipped(said) == ["ingest", "validate", "augment"]
    assert "Training goes on after step" in said
    failed = project.runs()[0]
    assert failed.info.status == "FAILED"
    assert failed.data.tags["error"].startswith("IntegrityError")

    (project.folder / "kept").rename(project.folder / WEIGHTS)
    code, said = submit(project, python, tmp_path / "3")
    assert code == 0, said[-3000:]
    assert set(skipped(said)) == {"ingest", "validate", "augment", "train"}
    latest = project.runs()[0]
    assert latest.info.status == "FINISHED"
    assert latest.data.tags["stages"] == "evaluate+explain+register"
    assert hashes(project.folder) == hashes(finished.folder)

    code, said = submit(project, python, tmp_path / "4")
    assert code == 0, said[-3000:]
    assert len(project.runs()) == 3  # one in which nothing changed is not kept
