"""Each unit in ``docs/schedules`` does what its scheduler would have it do."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from dermaflow.cli import cli

UNITS = Path(__file__).resolve().parents[2] / "docs/schedules"
# What cron gives a command; systemd gives much the same.
CRON = {"HOME": "/tmp", "LOGNAME": "dermaflow", "SHELL": "/bin/sh", "PATH": "/usr/bin:/bin"}
COMMAND = re.compile(r"kedro[,\s]+(run|repro|prune)[,\s]([^\n`&|>{\]]*)")


@pytest.fixture(scope="module")
def project(kept, tmp_path_factory):
    """A finished project with an environment where the units look for it; all is unchanged."""
    project = kept.copy(tmp_path_factory.mktemp("schedules") / "project", with_runs=True)
    (project.folder / ".venv").symlink_to(sys.prefix)
    return project


def here(text, project):
    """A unit for this project in place of its example."""
    return text.replace("/srv/dermaflow", str(project.folder)).replace("ham10000", "smoke")


def crontab(project):
    lines = here((UNITS / "crontab").read_text(), project).splitlines()
    return [line.split(maxsplit=5)[5] for line in lines if line[:1].isdigit()]


def test_a_line_of_cron_runs_in_crons_own_environment(project):
    (command, _) = crontab(project)
    done = subprocess.run(["/bin/sh", "-c", command], env=CRON, capture_output=True, check=False)
    log = (project.folder / "logs/cron.log").read_text()
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b""), log
    assert "register: unchanged, skipped" in log


def test_cron_mails_the_end_of_a_run_that_failed(project):
    (command, _) = crontab(project)
    command = command.replace("--env smoke", "--env smok")
    done = subprocess.run(["/bin/sh", "-c", command], env=CRON, capture_output=True, check=False)
    assert b"no folder conf/smok" in done.stdout


def test_a_service_runs_its_command(project):
    text = here((UNITS / "dermaflow@.service").read_text(), project).replace("%i", "smoke")
    command = re.search(r"^ExecStart=(.*)$", text, re.MULTILINE)[1]
    folder = re.search(r"^WorkingDirectory=(.*)$", text, re.MULTILINE)[1]
    done = subprocess.run(
        shlex.split(command), cwd=folder, env=CRON, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "register: unchanged, skipped" in done.stderr


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd")
def test_systemd_finds_nothing_wrong_with_its_units(project, tmp_path):
    for unit in UNITS.glob("dermaflow@.*"):
        (tmp_path / unit.name).write_text(here(unit.read_text(), project))
    files = sorted(map(str, tmp_path.iterdir()))
    done = subprocess.run(
        ["systemd-analyze", "verify", *files], capture_output=True, text=True, check=False
    )
    assert len(files) == 2
    assert (done.returncode, done.stderr) == (0, "")


def test_a_cron_job_is_one_to_kubernetes():
    """``kubernetes-validate`` looks closer where it is installed, in whatever environment."""
    job = yaml.safe_load((UNITS / "cronjob.yaml").read_text())
    assert (job["apiVersion"], job["kind"]) == ("batch/v1", "CronJob")
    spec = job["spec"]["jobTemplate"]["spec"]
    pod = spec["template"]["spec"]
    # A policy for failed pods asks for pods that are not started again in place.
    assert (pod["restartPolicy"], "podFailurePolicy" in spec) == ("Never", True)
    names = {container["name"] for container in pod["containers"]}
    rules = spec["podFailurePolicy"]["rules"]
    named = {r["onExitCodes"]["containerName"] for r in rules if "onExitCodes" in r}
    assert named <= names
    mounted = {mount["name"] for one in pod["containers"] for mount in one["volumeMounts"]}
    assert mounted == {volume["name"] for volume in pod["volumes"]}
    validate = shutil.which("kubernetes-validate")
    if validate:
        subprocess.run([validate, "--strict", str(UNITS / "cronjob.yaml")], check=True)


def test_every_unit_and_its_page_give_options_that_there_are(project, monkeypatch):
    monkeypatch.chdir(project.folder)
    names, examples = set(), 0
    for file in (*UNITS.iterdir(), UNITS.with_suffix(".md")):
        text = re.sub(r"%i|ham10000|\{ENV\}", "smoke", file.read_text())
        text = text.replace("{DATE} --pipelines", "2026-11-30T02:00:00Z")
        for name, options in COMMAND.findall(text):
            words = shlex.split(options.replace(", ", " ").rstrip('" '))
            cli.commands[name].make_context(name, words)
            names, examples = names | {file.name}, examples + 1
    assert examples > 6
    assert names >= {"crontab", "cronjob.yaml", "airflow_dag.py", "schedules.md"}


@pytest.mark.slow
@pytest.mark.skipif("AIRFLOW" not in os.environ, reason="AIRFLOW names no airflow of Airflow 3")
def test_a_dag_of_airflow_runs_each_stage(project, tmp_path):
    (tmp_path / "dags").mkdir()
    shutil.copy(UNITS / "airflow_dag.py", tmp_path / "dags")
    airflow = os.environ["AIRFLOW"]
    variables = {
        "AIRFLOW_HOME": str(tmp_path),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "DERMAFLOW_PROJECT": str(project.folder),
        "DERMAFLOW_ENV": "smoke",
    }
    subprocess.run([airflow, "db", "migrate"], env=CRON | variables, check=True)
    done = subprocess.run(
        [airflow, "dags", "test", "dermaflow", "2026-11-30"],
        env=CRON | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said[-5000:]
    for stage in ("ingest", "validate", "augment", "train", "evaluate", "explain", "register"):
        assert f"{stage}: unchanged, skipped" in said
    assert "state=success" in said
