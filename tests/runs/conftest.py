"""A copy of the project, so that whole runs leave the checkout alone; one finished run in it."""

from __future__ import annotations

import copy
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.entities import Run


class Project:
    """A copy of the project's configuration; the code is the checkout's."""

    def __init__(self, folder: Path, source: Path) -> None:
        self.folder = folder
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
        experiment = client.get_experiment_by_name("dermaflow")
        return list(client.search_runs([experiment.experiment_id]) if experiment else [])

    def artifacts(self, run: Run, folder: str | None = None) -> list[str]:
        """Names in a folder of a run's artifacts."""
        found = MlflowClient(self.tracking_uri).list_artifacts(run.info.run_id, folder)
        return [Path(item.path).name for item in found]

    def run(self, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command of the environment in the project's folder."""
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        assert done.returncode == 0 or not check, done.stdout[-5000:]
        return done


@pytest.fixture(scope="session")
def make_project(tmp_path_factory, project_path):
    """Make a fresh copy of the project."""
    return lambda: Project(tmp_path_factory.mktemp("project"), project_path)


@pytest.fixture(scope="session")
def finished(make_project):
    """A project after ``kedro run --env smoke``; shared by tests that only look at it."""
    project = make_project()
    project.output = project.run("kedro", "run", "--env", "smoke").stdout
    return project
