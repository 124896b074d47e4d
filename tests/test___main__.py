"""``python -m dermaflow``, as of an installed package: without Kedro's project and sources."""

import os
import shutil
import subprocess
import sys

import pytest

from dermaflow.__main__ import main


@pytest.fixture(scope="module")
def installed(tmp_path_factory, project_path):
    """The folder that a wheel would be installed in."""
    folder = tmp_path_factory.mktemp("installed")
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(project_path / "src/dermaflow", folder / "dermaflow", ignore=ignored)
    return folder


def test_an_installed_package_runs_the_projects_own_command(installed, project_path, tmp_path):
    (tmp_path / "conf").symlink_to(project_path / "conf")
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    done = subprocess.run(
        (sys.executable, "-m", "dermaflow", "--env", "smoke", "--pipelines", "ingest,nope"),
        cwd=tmp_path,
        env=kept | {"PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert "there is no pipeline 'nope'; there are ingest, validate" in done.stderr
    assert done.stderr.startswith("Usage: python -m dermaflow ")


def test_help_is_of_our_command(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    assert "--force" in capsys.readouterr().out
