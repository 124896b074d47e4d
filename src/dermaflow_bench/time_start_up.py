"""``kedro run`` where there is nothing to do, beside ``kedro --version``."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from dermaflow_bench.bench_config import BenchConfig
from dermaflow_bench.timing import time_pairs

logger = logging.getLogger(__name__)

# A chain of seconds, so that bringing it up to date takes no longer.
ENV = "smoke"


def measure_start_up(project: Path, config: BenchConfig, folder: Path) -> Iterator[str]:
    """Lines on the second and later ``kedro run`` of a copy of the project in ``folder``."""
    copy_project(project, folder)
    found = time_pairs(  # which warms up, and with that brings the copy up to date
        first=lambda: run_kedro(folder, "run", "--env", ENV),
        second=lambda: run_kedro(folder, "--version"),
        pairs=config.pairs,
        seconds=config.seconds,
    )
    yield f"# start-up: {len(found.ratios)} pairs of `kedro run --env {ENV}` and `kedro --version`"
    yield from found.lines("start_up_ratio")
    yield f"start_up_seconds: {median(found.first):.2f}"
    yield f"start_up_bare_seconds: {median(found.second):.2f}"


def copy_project(project: Path, folder: Path) -> None:
    """Code and configuration, without data, runs or anyone's credentials."""
    folder.mkdir()
    skipped = shutil.ignore_patterns("__pycache__", "local", "cache", "tmp", "config.local")
    for path in sorted(project.iterdir()):
        if path.is_file():
            shutil.copy(path, folder)
        elif path.name in ("conf", "src", ".dvc"):
            shutil.copytree(path, folder / path.name, ignore=skipped)
    for name in ("conf/local", "logs"):
        (folder / name).mkdir()
    # Without git DVC would know of no earlier run, and each would be told anew.
    subprocess.run(["git", "init", "--quiet", str(folder)], check=True)


def run_kedro(folder: Path, *arguments: str) -> None:
    """Run Kedro in ``folder``. Raises CalledProcessError, after its output went to the log."""
    own = ("MLFLOW_RUN_ID", "MLFLOW_TRACKING_URI", "KEDRO_ENV")
    done = subprocess.run(
        [sys.executable, "-m", "kedro", *arguments],
        cwd=folder,
        env={name: value for name, value in os.environ.items() if name not in own},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        logger.error("kedro %s: %s", " ".join(arguments), done.stdout[-2000:])
    done.check_returncode()
