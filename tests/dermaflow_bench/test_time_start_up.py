"""The copy that is started: code and configuration, and nothing that is anyone's own."""

import json
import subprocess

import pytest

from dermaflow_bench.time_start_up import copy_project, run_kedro


def test_a_copy_has_code_and_configuration_without_data_runs_or_credentials(tmp_path):
    project, copy = tmp_path / "project", tmp_path / "copy"
    kept = ["pyproject.toml", "conf/base/catalog.yml", "src/dermaflow/schema.py", ".dvc/config"]
    own = [
        "conf/local/credentials.yml",
        "src/dermaflow/__pycache__/schema.pyc",
        ".dvc/config.local",
        ".dvc/cache/ab/cd",
        ".dvc/tmp/lock",
        "data/01_raw/patients.csv",
        "mlflow/mlflow.db",
        "logs/dermaflow.log",
    ]
    for name in kept + own:
        path = project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    copy_project(project, copy)
    files = {str(path.relative_to(copy)) for path in copy.rglob("*") if path.is_file()}
    assert {name for name in files if not name.startswith(".git/")} == set(kept)
    assert (copy / ".git").is_dir()
    assert (copy / "conf/local").is_dir()
    assert (copy / "logs").is_dir()


@pytest.fixture
def stand_in(tmp_path):
    """A folder in which ``python -m kedro`` runs these lines."""

    def stand_in(text):
        (tmp_path / "kedro.py").write_text(text)
        return tmp_path

    return stand_in


def test_kedro_starts_without_the_run_or_the_environment_of_who_measures(stand_in, monkeypatch):
    """It would add to that run, and find other stages to be done."""
    for name in ("MLFLOW_RUN_ID", "MLFLOW_TRACKING_URI", "KEDRO_ENV", "OF_OTHERS"):
        monkeypatch.setenv(name, "set")
    folder = stand_in(
        "import json, os, sys\n"
        "with open('seen.json', 'w') as file:\n"
        "    json.dump([sys.argv[1:], dict(os.environ)], file)\n"
    )
    run_kedro(folder, "run", "--env", "smoke")
    arguments, environment = json.loads((folder / "seen.json").read_text())
    assert arguments == ["run", "--env", "smoke"]
    assert "OF_OTHERS" in environment
    assert not {"MLFLOW_RUN_ID", "MLFLOW_TRACKING_URI", "KEDRO_ENV"} & environment.keys()


def test_a_kedro_that_fails_is_an_error_and_its_output_is_logged(stand_in, caplog):
    folder = stand_in("import sys; sys.stderr.write('no such stage'); sys.exit(3)")
    with pytest.raises(subprocess.CalledProcessError) as caught:
        run_kedro(folder, "run")
    assert caught.value.returncode == 3
    assert "kedro run: no such stage" in caplog.text
