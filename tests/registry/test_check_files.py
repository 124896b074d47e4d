"""Fetching a version: what is registered is what is judged, whatever became of it since."""

import json
import shutil
import stat
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import mlflow
import pytest
import torch

from dermaflow.data.images.preprocess import Preprocess
from dermaflow.errors import IntegrityError, RegistryError
from dermaflow.io.file_list import LIST_FILE, MLFLOW_FILE, write_list
from dermaflow.ml.models.weights import Weights
from dermaflow.registry.check_files import DIGEST_TAG, SIGNATURE_TAG, fetch_checked
from dermaflow.registry.register_version import register_version
from dermaflow.registry.signature import SIGNING_KEY, VERIFY_KEY
from toy_evidence import toy_evidence

CONTRACT = {
    "intended_use": "research",
    "limitations": "many",
    "input": {"image": {"type": "string", "content": "base64"}},
    "output": {"label": {"type": "string"}},
}
WEIGHTS, EVIDENCE = "artifacts/weights", "artifacts/evidence"


@pytest.fixture
def register(client, experiment, model):
    """Register a version of a model that is small, as it is never run; gives the version."""
    config = {"classes": ["mel", "nv"], "preprocess": Preprocess(height=32, width=32).to_dict()}
    classifier = Weights({"w": torch.arange(9.0)}, config)

    def make(**changes):
        with mlflow.start_run(experiment_id=experiment.id, tags={"env": "smoke"}):
            evidence = toy_evidence(**changes)
            made = register_version(model, classifier, {"views": 1}, CONTRACT, {}, evidence, {})
        return client.get_model_version(model, made["version"])

    return make


@pytest.fixture
def local(client, local_store, request):
    """Where a local store keeps a version's files."""
    if client.tracking_uri != local_store:
        pytest.skip("whoever has only the server's address does not reach its files")

    def find(version):
        place = client.get_model_version_download_uri(version.name, version.version)
        return Path(urlsplit(place).path)

    return find


def refuse(client, version, message, error=IntegrityError, **options):
    """Require that a version is refused with a text; gives all of it."""
    with pytest.raises(error, match=message) as caught, fetch_checked(client, version, **options):
        pass
    return str(caught.value)


def test_a_private_copy_of_all_files_is_given_and_then_removed(client, register):
    version = register()
    with fetch_checked(client, version) as checked:
        assert checked.digest == version.tags[DIGEST_TAG]
        assert checked.evidence.parts == toy_evidence().parts
        assert checked.evidence.environment == "smoke"
        assert json.loads((checked.folder / WEIGHTS / "config.json").read_text())["classes"] == [
            "mel", "nv",
        ]  # fmt: skip
        (private,) = (p for p in checked.folder.parents if p.name.startswith("dermaflow-"))
        assert stat.S_IMODE(private.stat().st_mode) == 0o700
    assert not private.exists()


def overwrite(client, version, file, change):
    """Change a file by MLflow's own API, as anyone may who can write to the store."""
    with fetch_checked(client, version) as checked:
        path = checked.folder / file
        content = change(path.read_bytes())
        path.write_bytes(content)
        model = client.get_logged_model(version.source.removeprefix("models:/"))
        mlflow.set_tracking_uri(client.tracking_uri)
        keep = checked.folder.parent / "upload" / file
        keep.parent.mkdir(parents=True)
        shutil.copy(path, keep)
        client.log_model_artifacts(model.model_id, str(checked.folder.parent / "upload"))


def reverse_classes(content):
    config = json.loads(content)
    return json.dumps(config | {"classes": config["classes"][::-1]}).encode()


OVERWRITTEN = {
    "a flipped byte in the weights": (
        f"{WEIGHTS}/model.safetensors", lambda b: b[:-1] + bytes([b[-1] ^ 1]),
    ),
    "classes reversed": (f"{WEIGHTS}/config.json", reverse_classes),
    "a better figure": (
        f"{EVIDENCE}/evidence.json", lambda b: b.replace(b'"value": 0.75', b'"value": 0.95'),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", OVERWRITTEN)
def test_a_file_that_was_overwritten_is_named(client, register, case):
    file, change = OVERWRITTEN[case]
    version = register()
    overwrite(client, version, file, change)
    refuse(client, version, f"version 1 of .*: {file} is not the file that was")


REMOVED = {
    "weights": ("model.safetensors", lambda w: (w / "model.safetensors").unlink()),
    "rule": ("decision_rule.json", lambda w: (w / "decision_rule.json").unlink()),
    "contract": ("contract.json", lambda w: (w / "contract.json").unlink()),
    "a link for the weights": (
        "model.safetensors is a link",
        lambda w: (
            (w / "model.safetensors").rename(w.parents[3] / "elsewhere")
            and (w / "model.safetensors").symlink_to(w.parents[3] / "elsewhere")
        ),
    ),
    "bytecode": ("__pycache__", lambda w: (w.parents[1] / "__pycache__").unlink()),
    "a file more": ("new.py is not in", lambda w: (w.parents[1] / "code/new.py").touch()),
}


@pytest.mark.parametrize("case", REMOVED)
def test_a_file_that_is_missing_or_too_many_is_named(client, register, local, case):
    message, change = REMOVED[case]
    version = register()
    change(local(version) / WEIGHTS)
    refuse(client, version, message)


def test_files_that_are_gone_are_said_to_be(client, experiment, model, local_store):
    run = client.get_run(experiment.make_run())
    place = f"{run.info.artifact_uri}/nowhere"
    client.create_registered_model(model)
    version = client.create_model_version(model, place, run.info.run_id)
    said = "No such file" if client.tracking_uri == local_store else "404 Client Error"
    text = refuse(
        client, version, f"version 1 of {model}: its files cannot be .*: .*{said}", RegistryError
    )
    assert "\n" not in text
    assert "#" not in text


def test_a_model_that_was_deleted_in_its_run_has_its_files_still(client, register):
    version = register()
    client.delete_logged_model(version.source.removeprefix("models:/"))
    with fetch_checked(client, version) as checked:
        assert checked.digest == version.tags[DIGEST_TAG]


def test_a_list_made_anew_is_not_the_one_that_was_registered(client, register, local):
    """Who changes a file and mends the list has another digest, and may mend the tag, too."""
    version = register()
    weights = local(version) / WEIGHTS / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    other = write_list(local(version))
    refuse(client, version, f"have the digest {other}, its tag says")
    was = version.tags[DIGEST_TAG]
    client.set_model_version_tag(version.name, version.version, DIGEST_TAG, other)
    version = client.get_model_version(version.name, version.version)
    with fetch_checked(client, version) as checked:  # a signature is for that, or --digest
        assert checked.digest == other
    refuse(client, version, f"{other}, not {was}, which was asked for", digest=was)


def test_files_of_another_version_are_not_this_ones(client, register, local):
    """They are whole, and their digest and signature are valid."""
    first, second = register(), register(data_version="d2")
    shutil.rmtree(local(second))
    shutil.copytree(local(first), local(second))
    digest = first.tags[DIGEST_TAG]
    client.set_model_version_tag(second.name, second.version, DIGEST_TAG, digest)
    second = client.get_model_version(second.name, second.version)
    refuse(client, second, "version 2 .*: its files are those of the model m-.*, not of m-")


def test_a_copy_that_mlflow_makes_of_a_version_is_as_good(client, register, model):
    version = register()
    client.copy_model_version(f"models:/{model}/1", f"copy of {model}")
    copy = client.get_model_version(f"copy of {model}", "1")
    with fetch_checked(client, copy) as checked:
        assert checked.digest == version.tags[DIGEST_TAG]


def test_a_list_without_the_rule_is_not_whole(client, register, local):
    version = register()
    (local(version) / WEIGHTS / "decision_rule.json").unlink()
    digest = write_list(local(version))
    client.set_model_version_tag(version.name, version.version, DIGEST_TAG, digest)
    version = client.get_model_version(version.name, version.version)
    refuse(client, version, r"decision_rule.json is not in files.json, and no mod")


def test_a_version_without_a_list_or_a_digest_is_refused(client, register, local):
    version = register()
    client.delete_model_version_tag(version.name, version.version, DIGEST_TAG)
    version = client.get_model_version(version.name, version.version)
    refuse(client, version, "it has no tag digest")
    (local(version) / LIST_FILE).unlink()
    refuse(client, version, "list of the files, is missing")


@pytest.mark.parametrize("how", ["models:/{name}/1", "models:/{name}@tried", "{source}"])
def test_what_mlflow_writes_when_it_fetches_a_version_is_let_by(client, register, local, how):
    version = register()
    client.set_registered_model_alias(version.name, "tried", "1")
    uri = how.format(name=version.name, source=version.source)
    found = Path(mlflow.artifacts.download_artifacts(uri))
    assert found == local(version)
    assert (found / MLFLOW_FILE).is_file()
    with fetch_checked(client, version) as checked:
        assert checked.digest == version.tags[DIGEST_TAG]


@pytest.mark.parametrize(
    "content",
    ["", "model_name: other\nmodel_version: 1\n", "a: b", "[" * 5000, "x" * 2000, "!!python/x 1"],
)
def test_anything_else_in_mlflows_file_is_refused(client, register, local, content):
    version = register()
    (local(version) / MLFLOW_FILE).write_text(content)
    refuse(client, version, "registered_model_meta holds something other than")


def test_a_deleted_run_and_overwritten_metrics_change_nothing(client, register):
    version = register()
    client.log_metric(version.run_id, "z_interval/test/mel/recall_low", 7.0)
    client.delete_run(version.run_id)
    with fetch_checked(client, version) as checked:
        assert checked.evidence.parts["test"]["mel/recall"].low == 0.1


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    """Two pairs of keys, made by openssl as the how-to says."""
    folder = tmp_path_factory.mktemp("keys")
    for name in ("own", "other"):
        private, public = folder / f"{name}.pem", folder / f"{name}.pub.pem"
        openssl("genpkey", "-algorithm", "ed25519", "-out", private)
        openssl("pkey", "-in", private, "-pubout", "-out", public)
    return folder


def openssl(*arguments):
    return subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


def test_only_a_signature_of_the_hosts_key_passes(client, register, keys, monkeypatch):
    monkeypatch.setenv(VERIFY_KEY, str(keys / "own.pub.pem"))
    unsigned = register()
    assert SIGNATURE_TAG not in unsigned.tags
    refuse(client, unsigned, "version 1 .*: it has no signature")
    monkeypatch.setenv(SIGNING_KEY, str(keys / "other.pem"))
    foreign = register()
    refuse(client, foreign, "signature is not one of .* by the key")
    monkeypatch.setenv(SIGNING_KEY, str(keys / "own.pem"))
    signed = register()
    with fetch_checked(client, signed) as checked:
        assert checked.digest == signed.tags[DIGEST_TAG]
