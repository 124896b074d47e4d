"""Heavy libraries are loaded only by what needs them: start-up is part of what a user sees."""

import re

import pytest


def loaded(project, *arguments):
    """Top-level packages that a real ``kedro`` command imports."""
    output = project.run("python", "-X", "importtime", "-m", "kedro", *arguments).stdout
    return set(re.findall(r"^import time:.*\| +(\w+)$", output, re.MULTILINE))


def test_help_loads_nothing_heavy(finished):
    packages = loaded(finished, "--help")
    assert "click" in packages
    assert not packages & {"torch", "mlflow", "shap", "lime", "dvc", "pandas", "matplotlib"}


def test_the_stages_of_data_load_no_torch(make_project):
    project = make_project()
    packages = loaded(project, "run", "--env", "smoke", "--pipelines", "ingest,validate")
    assert "mlflow" in packages  # it was a real, tracked run
    assert not packages & {"torch", "shap", "lime"}
    assert (project.folder / "data/smoke/03_primary/manifest.parquet").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("models", "--env", "smoke"),
        ("run", "--env", "smoke"),  # in which nothing changed
    ],
)
def test_commands_that_only_look_load_no_torch(finished, arguments):
    assert not loaded(finished, *arguments) & {"torch", "shap", "lime"}
