"""Kubeflow's configuration and compiled pipelines, where the SDK is installed."""

import os
from pathlib import Path

import pytest
from kedro.framework.project import configure_project

from dermaflow.deploy.kubeflow.call_sdk import ENVIRONMENT, PYTHON, call_sdk
from dermaflow.deploy.kubeflow.compile_project import compile_project, read_kubeflow_config
from dermaflow.deploy.kubeflow.kubeflow_config import KubeflowConfig

FULL = {
    "namespace": "hospital",
    "image_pull_secrets": ["registry"],
    "volumes": [{"claim": "ham10000", "path": "/data"}],
    "environment": {"MLFLOW_TRACKING_URI": "http://mlflow:5000"},
    "secrets": [{"name": "mlflow", "variables": {"password": "MLFLOW_TRACKING_PASSWORD"}}],
}
PLACED = {
    "accelerators": 2,
    "node_selector": {"gpu": "h100"},
    "tolerations": [{"key": "gpu", "operator": "Exists", "effect": "NoSchedule"}],
}


@pytest.fixture(scope="session", autouse=True)
def configured():
    """Have Kedro know the project, in whatever order tests run."""
    configure_project("dermaflow")


@pytest.fixture(scope="session")
def config(project_path):
    """As `conf/base` has it."""
    return read_kubeflow_config(project_path, "base")


@pytest.fixture
def full(config):
    """A configuration that uses all there is."""
    dumped = config.model_dump(mode="json")
    dumped["stages"]["train"] = {**dumped["resources"], **PLACED}
    return KubeflowConfig.model_validate(dumped | FULL)


@pytest.fixture(scope="session")
def sdk(project_path):
    """Call Kubeflow's SDK."""
    python = Path(os.environ.get(PYTHON) or project_path / ENVIRONMENT / "bin" / "python")
    if not python.exists():
        pytest.skip("Kubeflow's SDK is not installed: `make kubeflow`")

    def call(command, **request):
        return call_sdk(project_path, command, request)

    return call


@pytest.fixture(scope="session")
def compiled(sdk, project_path):
    """Compile pipelines of the project; each only once."""
    made = {}

    def compile_once(env="base", names="__default__"):
        if (env, names) not in made:
            made[env, names] = compile_project(project_path, env, names)
        return made[env, names]

    return compile_once
