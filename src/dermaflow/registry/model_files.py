"""The files that a version of the model consists of, and the digest that stands for them.

``dermaflow.io.file_list`` lists them; this module says what is particular to a model's folder.
"""

from __future__ import annotations

from pathlib import Path

import yaml

from dermaflow.errors import IntegrityError
from dermaflow.io.file_list import LIST_FILE, MLFLOW_FILE, check_list, read_list, write_list
from dermaflow.ml.evaluation.decision_rule import RULE_FILE
from dermaflow.ml.models.weights import CONFIG_FILE, TENSORS_FILE
from dermaflow.registry import evidence

WEIGHTS_FOLDER, EVIDENCE_FOLDER = "artifacts/weights", f"artifacts/{evidence.FOLDER}"
CONTRACT_FILE = "contract.json"
# Without any of these a model would answer otherwise, or nothing would be known of it.
REQUIRED = (
    "MLmodel",
    *(f"{WEIGHTS_FOLDER}/{name}" for name in (TENSORS_FILE, CONFIG_FILE, RULE_FILE, CONTRACT_FILE)),
    *(f"{EVIDENCE_FOLDER}/{name}" for name in (evidence.FIGURES_FILE, evidence.IMAGES_FILE)),
)

_MAX_META = 1000  # bytes
_BYTECODE = "__pycache__"
_GUARD = (
    "This file is where Python would leave bytecode when it loads the model from here. It would\n"
    f"run that instead of the code, and {LIST_FILE} could not know it.\n"
)


def seal_model(folder: Path) -> str:
    """List the files of a finished model's folder; gives the digest of the list.

    A file ``__pycache__`` beside the entry keeps Python from making the folder of that name when
    MLflow runs the entry. The entry itself sees to the code that it imports.
    """
    (folder / _BYTECODE).write_text(_GUARD, encoding="utf-8")
    return write_list(folder)


def check_model(folder: Path, name: str, version: str) -> str:
    """Require that a model's folder is whole; gives the digest of its list.

    Args:
        folder: of the model.
        name: of the registered model.
        version: its number.

    Raises:
        IntegrityError: a file is missing, changed or too many; the text names it.
    """
    digest = check_list(folder)
    known = {file.name for file in read_list(folder)[0]}
    for required in REQUIRED:
        if required not in known:
            raise IntegrityError(f"{required} is not in {LIST_FILE}, and no model is without it")
    _check_meta(folder / MLFLOW_FILE, name, version)
    return digest


def _check_meta(path: Path, name: str, version: str) -> None:
    """Refuse anything in MLflow's own file but what it writes there."""
    if not path.is_file():
        return
    with path.open("rb") as file:
        content = file.read(_MAX_META + 1)
    try:
        told = yaml.safe_load(content) if len(content) <= _MAX_META else None
    except (yaml.YAMLError, ValueError, RecursionError):
        told = None
    # Who loads the model by its own id, not as a version, leaves no name.
    known = [
        {"model_name": name, "model_version": version},
        {"model_name": "None", "model_version": "None"},
    ]
    found = {str(key): str(value) for key, value in told.items()} if isinstance(told, dict) else {}
    if found not in known:
        raise IntegrityError(f"{MLFLOW_FILE} holds something other than {name} {version}")
