"""The registered model, asked through MLflow's own commands."""

import base64
import io
import json
import pickletools
import re
import socket
import subprocess
import time
import urllib.error
import urllib.request

import numpy as np
import pandas as pd
import pytest
from mlflow import MlflowClient
from PIL import Image

from dermaflow.data.images.image_store import ImageStore

MODEL = "models:/dermaflow-smoke/1"
CLASSES = ["akiec", "bcc", "bkl", "df", "mel", "nv", "vasc"]


def encoded(kind="JPEG", seed=0):
    pixels = np.random.default_rng(seed).integers(0, 256, (90, 120, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind)
    return base64.b64encode(buffer.getvalue()).decode()


def request_body(*images):
    return {"dataframe_split": {"columns": ["image"], "data": [[image] for image in images]}}


@pytest.fixture(scope="module")
def model_folder(finished, tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    uri = f"MLFLOW_TRACKING_URI={finished.tracking_uri}"
    download = ("mlflow", "artifacts", "download", "-u", MODEL, "-d", str(folder))
    finished.run("env", uri, *download)
    assert not list(folder.rglob("*.pyc"))  # before anything loads it and compiles what it holds
    return folder


@pytest.fixture(scope="module")
def server(finished):
    """Address of ``mlflow models serve``, which is ended afterwards with all its children."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = ["mlflow", "models", "serve", "-m", MODEL, "--env-manager", "local"]
    process = subprocess.Popen(
        [*command, "--host", "127.0.0.1", "--port", str(port)],
        cwd=finished.folder,
        env=finished.environment | {"MLFLOW_TRACKING_URI": finished.tracking_uri},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_until_up(process, address)
        yield address
    finally:
        subprocess.run(["kill", "--", f"-{process.pid}"], check=False)
        process.wait(timeout=30)


def _wait_until_up(process, address, seconds=120):
    for _ in range(seconds):
        assert process.poll() is None, "the server ended before it answered"
        try:
            urllib.request.urlopen(f"{address}/ping", timeout=5)
            return
        except OSError:
            time.sleep(1)
    pytest.fail("the server did not come up")


def ask(address, body):
    request = urllib.request.Request(
        f"{address}/invocations", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_the_version_tells_where_it_came_from(finished):
    client = MlflowClient(finished.tracking_uri)
    version = client.get_model_version("dermaflow-smoke", "1")
    run = client.get_run(version.run_id)
    assert version.tags["run_id"] == run.info.run_id
    commit = finished.run("git", "rev-parse", "HEAD").stdout.strip()
    assert run.data.tags["mlflow.source.git.commit"] == commit
    assert version.tags["code_version"] == commit
    assert len(version.tags["data_version"]) == 16
    assert version.tags["data_licence"] == "none (drawn in code)"


def test_the_models_folder_holds_no_pickle(model_folder):
    files = [path for path in model_folder.rglob("*") if path.is_file()]
    assert any(path.name == "model.safetensors" for path in files)
    for path in files:
        assert path.suffix not in {".pkl", ".pickle", ".pt", ".pth", ".joblib"}, path
        assert not _is_pickle(path), path


def _is_pickle(path):
    content = path.read_bytes()
    if content[:1] != b"\x80" or content[-1:] != b".":
        return False
    try:
        list(pickletools.genops(content))
    except ValueError:
        return False
    return True


def test_the_folder_holds_the_contract_and_the_code(model_folder):
    contract = json.loads(next(model_folder.rglob("contract.json")).read_text())
    points = contract["decision_rule"]["operating_points"]
    assert set(points) == {"mel_recall_85", "mel_recall_90", "mel_specificity_90"}
    assert set(contract["output"]) == {"label", *(f"p_{code}" for code in CLASSES), *points}
    assert contract["training_data"]["licences"] == ["none (drawn in code)"]
    accuracy = contract["test_metrics"]["balanced_accuracy"]
    assert accuracy["low"] <= accuracy["value"] <= accuracy["high"]
    assert not list(model_folder.rglob("uv.lock"))
    (package,) = (model_folder / "code").iterdir()
    assert re.fullmatch("dermaflow_model_[0-9a-f]{12}", package.name)
    assert (package / "serving/predictor.py").exists()
    assert len(list(model_folder.rglob("*.py"))) <= 30
    requirements = (model_folder / "requirements.txt").read_text().splitlines()
    assert [line.partition("==")[0] for line in requirements] == [
        "mlflow", "numpy", "pandas", "pillow", "safetensors", "torch", "torchvision",
    ]  # fmt: skip


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_an_image_is_answered_with_label_and_probabilities(server, kind):
    status, text = ask(server, request_body(encoded(kind), encoded(kind, seed=1)))
    assert status == 200
    rows = json.loads(text)["predictions"]
    assert len(rows) == 2
    for row in rows:
        probabilities = {code: row[f"p_{code}"] for code in CLASSES}
        assert sum(probabilities.values()) == pytest.approx(1, abs=1e-5)
        assert row["label"] == max(probabilities, key=probabilities.get)


def test_the_answer_applies_the_thresholds_of_the_contract(server, model_folder):
    contract = json.loads(next(model_folder.rglob("contract.json")).read_text())
    status, text = ask(server, request_body(*(encoded(seed=seed) for seed in range(3))))
    assert status == 200
    for row in json.loads(text)["predictions"]:
        assert set(row) == set(contract["output"])
        for name, point in contract["decision_rule"]["operating_points"].items():
            assert row[name] is (row[f"p_{point['class']}"] >= point["threshold"])


def test_serving_and_evaluation_say_the_same_of_the_same_image(finished, server):
    data = finished.folder / "data" / "smoke"
    table = pd.read_parquet(data / "07_model_output/predictions.parquet").head(3)
    columns = [f"p_{code}" for code in CLASSES]
    store = ImageStore(data / "02_intermediate/image_store")
    images = []
    for pixels in store.read(table["image_id"].tolist()):  # stored size: nothing is resized again
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, "PNG")
        images.append(base64.b64encode(buffer.getvalue()).decode())
    status, text = ask(server, request_body(*images))
    assert status == 200
    served = pd.DataFrame(json.loads(text)["predictions"])
    # The batches differ in size, and bfloat16 keeps three digits.
    np.testing.assert_allclose(served[columns], table[columns], atol=0.02)


SECRET = "patient Jane Roe, room 12, "


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        (base64.b64encode(SECRET.encode() * 40).decode(), "not a JPEG, PNG"),
        (SECRET * 40, "not a base64 text"),
        ("", "empty file"),
        (encoded()[:4000], "damaged or truncated image"),
    ],
)
def test_what_is_no_image_gets_a_short_error_without_the_input(server, image, reason):
    status, text = ask(server, request_body(encoded(), image))
    assert status == 400
    assert f"image 2 of 2: {reason}" in text
    assert len(text) < 300
    for piece in (SECRET[:12], image[:24]):
        assert not piece or piece not in text


def test_models_predict_answers_from_the_command_line(finished, tmp_path):
    body = tmp_path / "request.json"
    body.write_text(json.dumps(request_body(encoded())))
    command = ["mlflow", "models", "predict", "-m", MODEL, "--env-manager", "local"]
    uri = f"MLFLOW_TRACKING_URI={finished.tracking_uri}"
    done = finished.run("env", uri, *command, "-i", str(body), "-o", str(tmp_path / "answer.json"))
    answer = json.loads((tmp_path / "answer.json").read_text())
    assert answer["predictions"][0]["label"] in CLASSES, done.stdout
