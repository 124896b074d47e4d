"""The images, built and run by podman or docker as docs/containers.md says.

``DERMAFLOW_IMAGE_ARGS`` holds options of the build, such as another base image.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import uuid
from functools import partial

import numpy as np
import pandas as pd
import pytest
import torch
import yaml

from dermaflow.versioning.git import code_version
from waiting import read_until, wait_until

pytestmark = pytest.mark.slow

ARGS = os.environ.get("DERMAFLOW_IMAGE_ARGS", "")
LOCK = "conf/smoke/dvc.lock"
# A user that no system knows, in the group that OpenShift gives to its random users.
HARDENED = ("--rm", "--read-only", "--tmpfs", "/tmp", "--network", "none", "--user", "23456:0")
# As `finished` has it: with other threads, sums are of another order.
THREADS = ("--env", f"OMP_NUM_THREADS={os.environ.get('OMP_NUM_THREADS', '2')}")


def call(*command, **options):
    return subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options
    )


@pytest.fixture(scope="session", autouse=True)  # before `finished` is made for nothing
def engine():
    """The command of a container engine that works here."""
    for name in ("podman", "docker"):
        if shutil.which(name) and call(name, "info").returncode == 0:
            return name
    pytest.skip("neither podman nor docker works here: no image is built")


@pytest.fixture(scope="module")
def build(engine):
    """Build the images of a checkout, as ``<name>:<target>``."""
    names = []

    def build(source, name, targets=("pipeline", "serve")):
        commit, dirty = code_version(source)
        said = ("--build-arg", f"COMMIT={commit}", "--build-arg", f"DIRTY={str(dirty).lower()}")
        for target in targets:
            tag = f"{name}:{target}"
            command = (engine, "build", "--target", target, "--tag", tag, *said)
            done = call(*command, *shlex.split(ARGS), str(source))
            assert done.returncode == 0, done.stdout[-5000:]
            names.append(tag)
        return name

    yield build
    call(engine, "rmi", *names)


@pytest.fixture(scope="module")
def version(project_path):
    """What the build is told of the checkout."""
    return code_version(project_path)


@pytest.fixture(scope="module")
def image(engine, project_path, version):
    """The images of the checkout; their layers stay in the engine's cache."""
    name = "localhost/dermaflow-test"
    options = (f"ENGINE={engine}", f"IMAGE={name}", f"ARGS={ARGS}")
    done = call("make", "image", *options, cwd=project_path)
    assert done.returncode == 0, done.stdout[-5000:]
    yield name
    call(engine, "rmi", f"{name}:pipeline", f"{name}:serve")


@pytest.fixture(scope="module")
def volume(engine):
    name = f"dermaflow-test-{uuid.uuid4().hex[:8]}"
    call(engine, "volume", "create", name, check=True)
    yield name
    call(engine, "volume", "rm", "--force", name)


@pytest.fixture(scope="module")
def run(engine, image, volume):
    """Run a command in a container with the volume, to its end."""

    def run(*command, image=image, code=0):
        where = (engine, "run", *HARDENED, *THREADS, "--volume", f"{volume}:/project")
        done = call(*where, f"{image}:pipeline", *command)
        assert done.returncode == code, done.stdout[-5000:]
        return done.stdout

    return run


@pytest.fixture(scope="module")
def first(run):
    """What the first run says."""
    return run("kedro", "run", "--env", "smoke")


def outputs(lock):
    stages = yaml.safe_load(lock)["stages"].values()
    found = {out["path"]: out["md5"] for stage in stages for out in stage["outs"]}
    return {path: md5 for path, md5 in found.items() if not path.endswith("registration.json")}


def test_a_whole_run_gives_what_it_gives_outside(first, run, finished, tmp_path):
    assert "DVC: committed: ingest" in first
    build = run("python", "-c", "import torch; print(torch.__version__)").strip()
    if build == torch.__version__:
        outside = (finished.folder / LOCK).read_text()
        assert outputs(run("cat", LOCK)) == outputs(outside)
    columns = "import sys, pandas as pd; pd.read_parquet(sys.argv[1]).to_json(sys.stdout)"
    file = "data/smoke/07_model_output/predictions.parquet"
    inside = pd.DataFrame(json.loads(run("python", "-c", columns, file)))
    outside = pd.read_parquet(finished.folder / file)
    assert inside["predicted"].tolist() == outside["predicted"].tolist()
    names = [name for name in outside if name.startswith("p_")]
    np.testing.assert_allclose(inside[names], outside[names], atol=1e-4)


def test_dvc_and_restore_work_without_a_repository(first, run):
    assert "up to date" in run("dvc", "status", "conf/smoke/dvc.yaml")
    again = run("kedro", "run", "--env", "smoke")
    assert again.count("unchanged, skipped") >= 7
    run("rm", "-r", "data/smoke/08_reporting")
    restored = run("kedro", "restore", "latest", "--env", "smoke", "--data-only")
    assert re.search(r"outputs: (\d+) of \1 are those", restored)
    assert "unchanged, skipped" in run("kedro", "run", "--env", "smoke")


def test_the_run_names_the_commit_of_the_build(first, run, version):
    tags = (
        "from mlflow import MlflowClient\n"
        "run, = MlflowClient('sqlite:///mlflow/mlflow.db').search_runs(['1'])\n"
        "print(run.data.tags['mlflow.source.git.commit'], run.data.tags['git_dirty'])"
    )
    commit, dirty = version
    assert run("python", "-c", tags).split()[-2:] == [commit, str(dirty).lower()]


def test_a_training_that_is_stopped_saves_and_ends_with_its_code(engine, image, first, volume):
    name = f"{volume}-stopped"
    command = ("kedro", "run", "--env", "smoke", "--pipelines", "train", "--params")
    where = (engine, "run", "--name", name, *HARDENED, "--volume", f"{volume}:/project")
    process = subprocess.Popen(
        [*where, f"{image}:pipeline", *command, "train.epochs=500"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    read_until(process, "Training on")
    call(engine, "kill", "--signal", "TERM", name, check=True)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 143
    assert "Interrupted: the same command goes on" in said


def test_the_model_answers_in_the_other_image_which_holds_no_more_than_it_needs(
    engine, image, first, run, volume
):
    model = run("find", "mlflow", "-name", "MLmodel").strip().removesuffix("/MLmodel")
    name = f"{volume}-serve"
    mounted = ("--volume", f"{volume}:/project:ro", "--env", f"MODEL_URI=/project/{model}")
    process = subprocess.Popen(
        [engine, "run", "--name", name, *HARDENED, *mounted, f"{image}:serve"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    python = partial(call, engine, "exec", name, "python", "-c")
    health = "from urllib.request import urlopen; urlopen('http://127.0.0.1:8080/health')"
    wait_until(lambda: python(health).returncode == 0, process)
    ask = (
        "from urllib.request import Request, urlopen\n"
        f"body = open('/project/{model}/serving_input_example.json', 'rb').read()\n"
        "header = {'Content-Type': 'application/json'}\n"
        "url = 'http://127.0.0.1:8080/invocations'\n"
        "print(urlopen(Request(url, body, header)).read().decode())"
    )
    (answer,) = json.loads(python(ask).stdout)["predictions"]
    assert sum(value for name, value in answer.items() if name.startswith("p_")) == pytest.approx(1)
    held = (
        "from importlib.util import find_spec\n"
        "names = 'dvc', 'great_expectations', 'optuna', 'kedro', 'matplotlib', 'pip'\n"
        "print([name for name in names if find_spec(name)])"
    )
    assert python(held).stdout == "[]\n"
    call(engine, "kill", "--signal", "TERM", name, check=True)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 143
    assert "Application shutdown complete" in said  # requests are answered first


def test_an_upgrade_brings_code_and_leaves_what_the_user_changed(
    build, first, run, project_path, tmp_path
):
    checkout = tmp_path / "checkout"
    shutil.copytree(
        project_path, checkout, ignore=shutil.ignore_patterns(".venv*", ".git", "logs", "mlflow.db")
    )
    train, mlflow = "conf/smoke/parameters_train.yml", "conf/smoke/mlflow.yml"
    for name in (train, mlflow):
        with (checkout / name).open("a") as file:
            file.write("# newer\n")
    (checkout / "conf/local/credentials.yml").write_text("password: hunter2\n")
    (checkout / "src/dermaflow/newer.py").write_text('"""Newer."""\n')
    newer = build(checkout, "localhost/dermaflow-newer", targets=["pipeline"])
    run("sh", "-c", f"echo '# mine' >> {train}; mkdir conf/ward; echo 'a: 1' > conf/ward/mine.yml")
    said = run("cat", train, image=newer)
    assert f"{train} was changed here and in the image: yours stays" in said
    assert said.endswith("# mine\n")
    assert run("tail", "-1", f"{train}.new", image=newer) == "# newer\n"
    assert run("tail", "-1", mlflow, image=newer) == "# newer\n"
    assert run("cat", "conf/ward/mine.yml", image=newer) == "a: 1\n"
    assert run("cat", "src/dermaflow/newer.py", image=newer) == '"""Newer."""\n'
    assert run("find", "/opt/dermaflow", "-name", "credentials.yml", image=newer) == ""
    assert "ingest: unchanged, skipped" in run(
        "kedro", "run", "--env", "smoke", "--pipelines", "ingest", image=newer
    )
