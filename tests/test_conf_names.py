"""Names in MLflow: each environment that is shipped has its own."""

import pytest
from kedro.config import OmegaConfigLoader

from dermaflow.settings import CONFIG_LOADER_ARGS

# No environments of their own: what a user adds, and where the logging is set up.
_OTHERS = {"local", "logging.yml"}


@pytest.fixture(scope="module")
def loaders(project_path):
    folder = project_path / "conf"
    names = {path.name for path in folder.iterdir() if not path.name.startswith(".")} - _OTHERS
    return {
        env: OmegaConfigLoader(str(folder), env=env, **CONFIG_LOADER_ARGS) for env in sorted(names)
    }


def test_no_two_environments_share_a_model_or_an_experiment(loaders):
    models = {env: loader["parameters"]["register"]["name"] for env, loader in loaders.items()}
    experiments = {env: loader["mlflow"]["experiment"] for env, loader in loaders.items()}
    assert models == experiments == {env: f"dermaflow-{env}" for env in loaders}
    assert {"base", "smoke", "ham10000"} <= loaders.keys()
