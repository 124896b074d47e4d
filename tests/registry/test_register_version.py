"""A model registered in a real registry: what the version says, and what its folder holds."""

import json
from importlib.metadata import version as installed
from pathlib import Path

import mlflow
import pytest
import torch
import yaml
from mlflow.entities import LoggedModelStatus
from mlflow.types import DataType
from packaging.requirements import Requirement

from dermaflow.data.images.preprocess import Preprocess
from dermaflow.errors import RegistryError
from dermaflow.ml.evaluation.estimate import Estimate, parts_to_json
from dermaflow.ml.models.weights import Weights, load_weights
from dermaflow.registry.evidence import read_evidence
from dermaflow.registry.model_files import check_model
from dermaflow.registry.register_version import (
    contract_signature,
    example_input,
    pin_requirements,
    register_version,
    run_that_measured,
)
from dermaflow.serving.predictor import decode_base64
from dermaflow.tracking.metrics_digest import METRICS_TAG, metrics_digest
from toy_evidence import toy_evidence

PREPROCESS = Preprocess(height=48, width=64)
CONTRACT = {
    "intended_use": "research",
    "input": {"image": {"type": "string", "content": "base64"}},
    "output": {
        "label": {"type": "string"},
        "p_mel": {"type": "double"},
        "mel_recall_90": {"type": "boolean"},
    },
}
RULE = {"temperature": 1.5}
METRICS = parts_to_json({"test": {"accuracy": Estimate(0.5)}})


@pytest.fixture
def classifier():
    """Weights that are small: a model is not run when it is registered."""
    return Weights({"w": torch.tensor([1.0, 2.0])}, {"preprocess": PREPROCESS.to_dict()})


@pytest.fixture
def register(experiment, model, classifier):
    """Register a version within a run; gives what is answered, and the run's id."""

    def make(run_tags=(), **tags):
        with mlflow.start_run(experiment_id=experiment.id, tags=dict(run_tags)) as run:
            made = register_version(
                model, classifier, RULE, CONTRACT, METRICS, toy_evidence(), tags
            )
        return made, run.info.run_id

    return make


def test_a_version_names_its_run_its_code_and_the_run_that_measured_it(
    client, experiment, model, register
):
    digest = {METRICS_TAG: metrics_digest(METRICS)}
    measured = experiment.make_run(start=1, tags=digest)
    code = {"mlflow.source.git.commit": "c0ffee", "git_dirty": "true"}
    made, run_id = register(digest | code, data_version="d1")
    assert made == {
        "name": model,
        "version": "1",
        "model_uri": f"models:/{model}/1",
        "run_id": run_id,
        "digest": made["digest"],
    }
    found = client.get_model_version(model, "1")
    assert found.run_id == run_id
    assert found.tags == {
        "run_id": run_id,
        "environment": "unknown",
        "digest": made["digest"],
        "code_version": "c0ffee with changes",
        "metrics_run_id": measured,
        "data_version": "d1",
    }
    assert client.get_registered_model(model).description == "research"

    made, run_id = register({"mlflow.source.git.commit": "c0ffef", "git_dirty": "false"})
    assert made["version"] == "2"
    assert client.get_model_version(model, "2").tags == {
        "run_id": run_id,
        "environment": "unknown",
        "digest": made["digest"],
        "code_version": "c0ffef",
        "metrics_run_id": measured,
    }


def test_nothing_is_uploaded_that_may_not_be_registered(
    client, experiment, model, register, tmp_path, monkeypatch
):
    client.create_registered_model(model, {"environment": "clinic"})
    with pytest.raises(RegistryError, match="is of the environment clinic"):
        register({"env": "smoke"})
    monkeypatch.setenv("DERMAFLOW_SIGNING_KEY", str(tmp_path / "none"))
    with pytest.raises(RegistryError, match=r"DERMAFLOW_SIGNING_KEY: .* is no readable PEM file"):
        register({"env": "clinic"})
    (tried,) = client.search_logged_models([experiment.id])
    assert tried.status == LoggedModelStatus.FAILED


def test_a_version_says_where_git_did_not_know_the_code(client, register):
    unknown = {"mlflow.source.git.commit": "c0ffef", "git_dirty": "unknown"}
    made, _ = register(unknown)
    version = client.get_model_version(made["name"], made["version"])
    assert version.tags["code_version"] == "c0ffef, changes unknown"


def test_the_models_folder_holds_weights_rule_contract_and_code(register, classifier, tmp_path):
    made, _ = register()
    folder = Path(mlflow.artifacts.download_artifacts(made["model_uri"], dst_path=str(tmp_path)))
    weights = folder / "artifacts/weights"
    loaded = load_weights(weights)
    assert loaded.config == classifier.config
    torch.testing.assert_close(loaded.tensors, classifier.tensors, rtol=0, atol=0)
    assert json.loads((weights / "decision_rule.json").read_text()) == RULE
    assert json.loads((weights / "contract.json").read_text()) == CONTRACT
    described = yaml.safe_load((folder / "MLmodel").read_text())
    assert described["metadata"] == {"intended_use": "research"}
    (package,) = (folder / "code").iterdir()
    assert package.name.startswith("dermaflow_model_")
    assert not list(folder.rglob("*.pyc"))
    assert not list(folder.rglob("*.pkl"))


def test_the_folder_is_what_its_digest_says_and_holds_the_evidence(
    client, experiment, register, tmp_path
):
    digest = {METRICS_TAG: metrics_digest(METRICS)}
    measured = experiment.make_run(start=1, tags=digest)
    made, _ = register(digest | {"env": "clinic"})
    copy = str(tmp_path / "copy")
    folder = Path(mlflow.artifacts.download_artifacts(made["model_uri"], dst_path=copy))
    assert check_model(folder, made["name"], "1") == made["digest"]
    evidence = read_evidence(folder / "artifacts/evidence")
    assert (evidence.environment, evidence.metrics_run) == ("clinic", measured)
    assert evidence.parts == toy_evidence().parts
    version = client.get_model_version(made["name"], "1")
    assert version.tags["environment"] == "clinic"
    first = version.description.splitlines()[0]
    assert first == (
        "clinic, data d1: balanced accuracy 0.750 [0.500, 0.900], "
        "melanoma recall 0.500 [0.100, 1.000]"
    )
    assert made["digest"] in version.description


def test_without_a_run_nothing_is_registered(client, model, classifier):
    with pytest.raises(RuntimeError, match="none is active"):
        register_version(model, classifier, RULE, CONTRACT, METRICS, toy_evidence(), {})
    assert not client.search_registered_models(f"name = '{model}'")


def test_the_first_run_that_logged_the_metrics_has_measured_them(client, experiment, tmp_path):
    tags = {METRICS_TAG: metrics_digest(METRICS)}
    run = client.get_run(experiment.make_run(start=9_000, tags=tags))
    experiment.make_run(start=5_000, tags=tags)  # made before, though it began later
    first = experiment.make_run(start=2_000, tags=tags)
    client.delete_run(experiment.make_run(start=1_000, tags=tags))
    experiment.make_run(start=1_000, tags={METRICS_TAG: metrics_digest({"test": {}})})
    elsewhere = client.create_experiment(f"not {experiment.name}", (tmp_path / "b").as_uri())
    client.create_run(elsewhere, start_time=1_000, tags=tags)
    assert run_that_measured(client, run, METRICS) == first


def test_of_runs_with_equal_metrics_one_with_the_same_parameters_goes_first(client, experiment):
    tags = {METRICS_TAG: metrics_digest(METRICS)}
    ids = [experiment.make_run(start=start, tags=tags) for start in (1_000, 2_000, 3_000)]
    for run_id, adjustment in zip(ids, ("0", "1.0", "1.0"), strict=True):
        client.log_param(run_id, "evaluate.logit_adjustment", adjustment)
    client.log_param(ids[1], "explain.images", 3)  # which no metric hangs on
    assert [run_that_measured(client, client.get_run(i), METRICS) for i in ids] == [
        ids[0], ids[1], ids[1],
    ]  # fmt: skip


def test_metrics_that_no_run_logged_have_no_run(client, experiment):
    run = client.get_run(experiment.make_run(tags={METRICS_TAG: metrics_digest({})}))
    assert run_that_measured(client, run, METRICS) == "unknown"


def test_the_signature_is_the_contracts():
    signature = contract_signature(CONTRACT)
    assert signature.inputs.input_dict().keys() == {"image"}
    assert {column.name: column.type for column in signature.outputs.inputs} == {
        "label": DataType.string,
        "p_mel": DataType.double,
        "mel_recall_90": DataType.boolean,
    }
    assert signature.outputs.input_names() == ["label", "p_mel", "mel_recall_90"]


def test_the_example_is_an_image_of_the_right_size():
    (text,) = example_input(PREPROCESS.to_dict())["image"]
    assert PREPROCESS.open(decode_base64(text)).size == (64, 48)


def test_requirements_are_what_is_installed_by_the_names_of_distributions():
    pins = pin_requirements({"torch", "PIL", "numpy"})
    requirements = [Requirement(text) for text in pins]
    assert [requirement.name for requirement in requirements] == ["numpy", "pillow", "torch"]
    versions = [str(requirement.specifier) for requirement in requirements]
    assert versions[:2] == [f"=={installed('numpy')}", f"=={installed('pillow')}"]
    # A local build such as +cu128 is in no registry.
    assert versions[2] == f"=={installed('torch').split('+')[0]}"
