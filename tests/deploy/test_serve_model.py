"""What the image `serve` holds: the lock's group `serve` is what a model imports, and no more."""

import re
import tomllib

from dermaflow.registry.shipped_code import find_closure

# Modules whose distribution has another name; MLflow's own server is not needed to load a model.
DISTRIBUTIONS = {"PIL": "pillow", "mlflow": "mlflow-skinny"}


def test_the_group_serve_is_what_a_registered_model_imports(project_path):
    groups = tomllib.loads((project_path / "pyproject.toml").read_text())["dependency-groups"]
    named = {re.match(r"[a-z0-9-]+", requirement)[0] for requirement in groups["serve"]}
    _, imported = find_closure("dermaflow.serving.model_code")
    assert named == {DISTRIBUTIONS.get(module, module) for module in imported}
