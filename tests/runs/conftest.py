"""A copy of the project, so that whole runs leave the checkout alone; one finished run in it."""

from __future__ import annotations

import contextlib
import copy
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock
from mlflow import MlflowClient
from mlflow.entities import Run

from forks.forks import Forks

# What a command imports from the project that it runs in; Kedro and its plugins read
# `conf/logging.yml` there when they are imported.
OF_A_PROJECT = ("dermaflow", "kedro")


class Project:
    """A copy of the project, in which commands can be run.

    Args:
        folder: an empty one.
        source: the checkout.
        forks: what runs commands that need not be processes of their own.
    """

    def __init__(self, folder: Path, source: Path, forks: Forks) -> None:
        self.folder, self._forks = folder, forks
        for name in (
            "conf",
            "pyproject.toml",
            "uv.lock",
            "dvc.yaml",
            ".dvcignore",
            ".dvc",
            ".gitignore",
        ):
            origin = source / name
            if origin.is_dir():
                ignored = shutil.ignore_patterns("cache", "tmp", "local", "dvc.lock")
                shutil.copytree(origin, folder / name, ignore=ignored)
            else:
                shutil.copy(origin, folder / name)
        shutil.copytree(
            source / "src", folder / "src", ignore=shutil.ignore_patterns("__pycache__")
        )
        for name in ("conf/local", "logs"):
            (folder / name).mkdir(exist_ok=True)
        # Whoever runs the tests may have settings of their own.
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("MLFLOW_", "DERMAFLOW_"))}
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        identity = {
            f"GIT_{role}_{field}": "test@example.org"
            for role in ("AUTHOR", "COMMITTER")
            for field in ("NAME", "EMAIL")
        }
        threads = os.environ.get("OMP_NUM_THREADS", "2")
        self.environment = kept | identity | {"PATH": path, "OMP_NUM_THREADS": threads}
        self.run("git", "init", "--quiet")
        self.run("git", "add", "--all")
        self.run("git", "commit", "--quiet", "--message", "as it is")

    def clone(self, folder: Path) -> Project:
        """A clone of what is committed, whose runs are kept with the original's."""
        self.run("git", "clone", "--quiet", str(self.folder), str(folder))
        clone = copy.copy(self)
        clone.folder = folder
        clone.environment = self.environment | {"MLFLOW_TRACKING_URI": self.tracking_uri}
        (folder / "logs").mkdir()
        return clone

    @property
    def tracking_uri(self) -> str:
        """Where its runs are kept."""
        return f"sqlite:///{self.folder}/mlflow/mlflow.db"

    def runs(self) -> list[Run]:
        """Its MLflow runs, the latest first."""
        client = MlflowClient(self.tracking_uri)
        experiment = client.get_experiment_by_name("dermaflow-smoke")
        return list(client.search_runs([experiment.experiment_id]) if experiment else [])

    def artifacts(self, run: Run, folder: str | None = None) -> list[str]:
        """Names in a folder of a run's artifacts."""
        found = MlflowClient(self.tracking_uri).list_artifacts(run.info.run_id, folder)
        return [Path(item.path).name for item in found]

    def copy(self, folder: Path, with_runs: bool = False) -> Project:
        """A copy of all that is there, with or without its MLflow runs."""
        ignored = None if with_runs else shutil.ignore_patterns("mlflow")
        shutil.copytree(self.folder, folder, ignore=ignored, symlinks=True)
        if with_runs:
            _rename(folder / "mlflow/mlflow.db", str(self.folder), str(folder))
        project = copy.copy(self)
        project.folder = folder
        return project

    def start(self, *command: str) -> subprocess.Popen[str]:
        """Start a command of the environment in the project's folder, as a user does."""
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env=self.environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            # Where the tests run in the background, Ctrl-C is ignored, and would be here, too.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )

    def run(self, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command to its end; Kedro's and DVC's in a fork, which saves seconds of imports."""
        if command[0] in ("kedro", "dvc"):
            ended = self._forks.run(self.folder, command, self.environment)
            done = subprocess.CompletedProcess(command, ended.status, ended.output)
        else:
            running = self.start(*command)
            output, _ = running.communicate()
            done = subprocess.CompletedProcess(command, running.returncode, output)
        assert done.returncode == 0 or not check, done.stdout[-5000:]
        return done


@pytest.fixture(scope="session")
def forks(tmp_path_factory):
    """Run commands of projects in forks of one process."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    forks = Forks(tmp_path_factory.mktemp("forks"), OF_A_PROJECT, environment)
    yield forks
    forks.close()


@pytest.fixture(scope="session")
def make_project(tmp_path_factory, project_path, forks):
    """Make a fresh copy of the project."""
    return lambda: Project(tmp_path_factory.mktemp("project"), project_path, forks)


@pytest.fixture(scope="session")
def kept(make_project, tmp_path_factory):
    """A project after ``kedro run --env smoke``, made once for all processes that test."""
    scratch = tmp_path_factory.getbasetemp()
    scratch = scratch.parent if "PYTEST_XDIST_WORKER" in os.environ else scratch
    folder, output = scratch / "kept", scratch / "kept_output"
    with FileLock(scratch / "kept.lock"):
        if not output.exists():
            project = make_project()
            running = project.start("kedro", "run", "--env", "smoke")
            said, _ = running.communicate()
            assert running.returncode == 0, said[-5000:]
            project.copy(folder, with_runs=True)
            output.write_text(said)
    project = make_project()
    project.folder, project.output = folder, output.read_text()
    return project


@pytest.fixture(scope="session")
def finished(kept, tmp_path_factory):
    """A project after ``kedro run --env smoke``; shared by tests that only look at it."""
    return kept.copy(tmp_path_factory.mktemp("finished") / "project", with_runs=True)


@pytest.fixture(scope="session")
def copy_finished(kept, tmp_path_factory):
    """Make a copy of the finished project, without its runs, for a test that changes it."""
    return lambda: kept.copy(tmp_path_factory.mktemp("finished") / "project")


def _rename(database: Path, old: str, new: str) -> None:
    """Have a copied store of MLflow's name the copied artifacts."""
    with contextlib.closing(sqlite3.connect(database)) as connection, connection:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        for (table,) in tables.fetchall():
            for _, column, kind, *_ in connection.execute(f"PRAGMA table_info({table})").fetchall():
                if kind.startswith(("VARCHAR", "TEXT")):
                    change = f"UPDATE {table} SET {column} = replace({column}, ?, ?)"
                    connection.execute(f"{change} WHERE instr({column}, ?)", (old, new, old))
