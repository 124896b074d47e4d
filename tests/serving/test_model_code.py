"""Models through MLflow: two versions in one process, and one without the project."""

from __future__ import annotations

import base64
import importlib
import io
import json
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest
import torch
from mlflow.exceptions import MlflowException
from mlflow.pyfunc import scoring_server
from PIL import Image

import dermaflow
from dermaflow.data.images.preprocess import Preprocess
from dermaflow.io.file_list import LIST_FILE, check_list
from dermaflow.ml.evaluation.decision_rule import RULE_FILE
from dermaflow.ml.models.classifier import build_resnet50, describe
from dermaflow.ml.models.save_weights import save_weights
from dermaflow.ml.models.weights import Weights, weights_digest
from dermaflow.registry.model_files import seal_model
from dermaflow.registry.shipped_code import ModelPackage, importable, write_model_package
from dermaflow.serving.model_code import WEIGHTS
from dermaflow.serving.predictor import Predictor

CLASSES = ["bcc", "mel", "nv"]
PROBABILITIES = [f"p_{code}" for code in CLASSES]
TEMPERATURE = 2.0


def encoded(seed: int) -> str:
    pixels = np.random.default_rng(seed).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode()


REQUEST = pd.DataFrame({"image": [encoded(seed) for seed in range(3)]})


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network with first weights, and its rule."""
    torch.manual_seed(0)
    network = build_resnet50(len(CLASSES))
    config = describe(CLASSES, Preprocess(height=32, width=32), "torchvision")
    weights = Weights(dict(network.state_dict()), config)
    rule = {
        "classifier": weights_digest(weights),
        "temperature": TEMPERATURE,
        "class_offsets": {},
        "views": 1,
        "class_weights": {},
        "operating_points": {"sure": {"class": "mel", "threshold": 0.3}},
    }
    folder = tmp_path_factory.mktemp("weights") / "weights"
    save_weights(folder, weights)
    (folder / RULE_FILE).write_text(json.dumps(rule))
    return folder


@pytest.fixture(autouse=True)
def _no_model_loaded() -> Iterator[None]:
    """Forget what MLflow imports and where from."""
    path = list(sys.path)
    yield
    sys.path[:] = path
    for name in [name for name in sys.modules if name.startswith("dermaflow_model_")]:
        del sys.modules[name]


def package_of(source: Path, folder: Path) -> ModelPackage:
    """Package the served model of the ``dermaflow`` in a folder, whatever is imported already."""
    folder.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(source)
        patch.delitem(sys.modules, "dermaflow")
        return write_model_package("dermaflow.serving.model_code", folder)


def save_model(package: ModelPackage, weights: Path, folder: Path) -> str:
    with importable(package):
        mlflow.pyfunc.save_model(
            path=folder,
            python_model=str(package.entry),
            artifacts={WEIGHTS: str(weights)},
            code_paths=[str(package.folder / package.name)],
            pip_requirements=["mlflow"],
        )
    seal_model(folder)
    return str(folder)


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, ModelPackage]:
    """The project's own code, and the same with one byte changed: another temperature."""
    own = Path(dermaflow.__file__).parent
    root = tmp_path_factory.mktemp("changed")
    copy = shutil.copytree(own, root / "dermaflow", ignore=shutil.ignore_patterns("__pycache__"))
    rule = copy / "ml/evaluation/decision_rule.py"
    changed = rule.read_text().replace("(np.float64) / self.temp", "(np.float64) * self.temp")
    assert changed != rule.read_text()
    rule.write_text(changed)
    return {
        "own": package_of(own.parent, root / "own"),
        "changed": package_of(root, root / "other"),
    }


@pytest.fixture(scope="module")
def models(
    packages: dict[str, ModelPackage], weights: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("models")
    return {name: save_model(code, weights, folder / name) for name, code in packages.items()}


@pytest.mark.parametrize("order", [("own", "changed"), ("changed", "own")])
def test_each_of_two_versions_runs_its_own_code(
    models: dict[str, str], weights: Path, order: Sequence[str]
) -> None:
    assert sys.modules["dermaflow"] is dermaflow
    loaded = {name: mlflow.pyfunc.load_model(models[name]) for name in order}
    answers = {name: loaded[name].predict(REQUEST) for name in order}
    expected = Predictor(weights).predict(REQUEST["image"].tolist())
    pd.testing.assert_frame_equal(answers["own"], expected, check_exact=True)
    # Logits times T instead of logits over T: each probability to the power of T squared.
    powers = expected[PROBABILITIES] ** (TEMPERATURE**2)
    changed = answers["changed"][PROBABILITIES]
    np.testing.assert_allclose(changed, powers.div(powers.sum(axis=1), axis=0), rtol=1e-3)
    assert not np.allclose(changed, expected[PROBABILITIES], atol=0.01)
    # What was loaded last has changed nothing of what was loaded first.
    again = loaded[order[0]].predict(REQUEST)
    pd.testing.assert_frame_equal(again, answers[order[0]], check_exact=True)
    assert sys.modules["dermaflow"] is dermaflow


def test_all_of_the_code_is_loaded_with_the_model(
    models: dict[str, str], packages: dict[str, ModelPackage]
) -> None:
    """None is missing and none too many; so a folder may go while its model answers."""
    mlflow.pyfunc.load_model(models["own"])
    name = packages["own"].name
    loaded = {
        Path(str(module.__file__)).relative_to(Path(models["own"], "code"))
        for key, module in sys.modules.items()
        if key.partition(".")[0] == name
    }
    assert loaded == {Path(file) for file in packages["own"].files if len(file.parts) > 1}


def reverse_classes(weights: Path) -> None:
    config = json.loads((weights / "config.json").read_text())
    config["classes"].reverse()
    (weights / "config.json").write_text(json.dumps(config))


def flip_bit(weights: Path) -> None:
    file = weights / "model.safetensors"
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)


DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "the rule is gone": (lambda w: (w / RULE_FILE).unlink(), f"{RULE_FILE} is missing"),
    "classes reversed": (reverse_classes, "config.json is not the file that was listed"),
    "a flipped bit": (flip_bit, "model.safetensors is not the file that was listed"),
    "the list is gone": (lambda w: (w.parents[1] / LIST_FILE).unlink(), "list of the files"),
    "a file more": (lambda w: (w.parents[1] / "more").touch(), "more is not in files.json"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_folder_that_is_not_as_it_was_registered_is_not_served(
    models: dict[str, str], tmp_path: Path, damage: str
) -> None:
    change, message = DAMAGE[damage]
    folder = shutil.copytree(models["own"], tmp_path / "model")
    change(folder / "artifacts/weights")
    with pytest.raises(Exception, match=message) as raised:
        mlflow.pyfunc.load_model(str(folder))
    assert "IntegrityError" in repr(raised.value)


def test_loading_leaves_no_bytecode_in_the_models_folder(
    models: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    for _ in range(2):
        mlflow.pyfunc.load_model(models["own"])
    assert sys.dont_write_bytecode is False
    check_list(Path(models["own"]))


SECRET = "patient Jane Roe, room 12, "


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        (SECRET, "not a base64 text"),
        (base64.b64encode(SECRET.encode()).decode(), "not a JPEG, PNG"),
    ],
)
def test_what_is_no_image_is_a_bad_request_whose_answer_holds_nothing_of_it(
    models: dict[str, str], image: str, reason: str
) -> None:
    model = mlflow.pyfunc.load_model(models["own"])
    body = json.dumps({"dataframe_split": {"columns": ["image"], "data": [[encoded(0)], [image]]}})
    with pytest.raises(MlflowException) as raised:
        scoring_server.invocations(body, "application/json", model, None)
    assert raised.value.get_http_status_code() == 400
    answer = json.loads(raised.value.serialize_as_json())
    assert answer["error_code"] == "INVALID_PARAMETER_VALUE"
    assert answer["message"].startswith(f"image 2 of 2: {reason}")
    assert image not in f"{answer} {raised.value!r}"
    assert raised.value.__cause__ is None
    raised.value.message = f"{image}: {raised.value.message}"  # as MLflow does with other errors
    assert raised.value.message == answer["message"]


def test_images_are_found_by_their_column_and_answered_in_order(
    models: dict[str, str],
) -> None:
    model = mlflow.pyfunc.load_model(models["own"])
    more = REQUEST.assign(name=["a", "b", "c"])[["name", "image"]].set_index([[7, 5, 3]])
    pd.testing.assert_frame_equal(model.predict(more), model.predict(REQUEST), check_exact=True)


class NoProject:
    """What Python asks for modules where Dermaflow is not installed."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        if name.partition(".")[0] == "dermaflow":
            raise ModuleNotFoundError(f"{name} is not installed here")


@pytest.fixture
def _without_project(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "dermaflow"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [NoProject(), *sys.meta_path])


@pytest.mark.usefixtures("_without_project")
def test_a_version_needs_no_project(models: dict[str, str], weights: Path, tmp_path: Path) -> None:
    with pytest.raises(ModuleNotFoundError, match="not installed here"):
        importlib.import_module("dermaflow")
    folder = shutil.copytree(models["own"], tmp_path / "model")
    model = mlflow.pyfunc.load_model(str(folder))
    shutil.rmtree(folder / "code")  # as a temporary download that is cleaned up
    expected = Predictor(weights).predict(REQUEST["image"].tolist())
    pd.testing.assert_frame_equal(model.predict(REQUEST), expected, check_exact=True)
    assert "dermaflow" not in sys.modules
