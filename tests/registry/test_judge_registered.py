"""Judging a version by its own files, whatever became of the run that measured it."""

import json
from dataclasses import replace

import pytest

from conf_params import params_of
from dermaflow.errors import IntegrityError, RegistryError
from dermaflow.io.file_list import write_list
from dermaflow.ml.evaluation.estimate import Estimate
from dermaflow.params.parameters import Parameters
from dermaflow.registry.evidence import FIGURES_FILE
from dermaflow.registry.judge_registered import Others, judge_registered
from dermaflow.registry.model_files import EVIDENCE_FOLDER
from registered import register_with
from registry.made_evidence import EVALUATE, make_evidence, make_manifest, make_predictions

DATA = make_manifest(60)
GOOD = make_evidence(DATA, make_predictions(DATA, quality=5.0))


@pytest.fixture
def client(local_store):
    from mlflow import MlflowClient

    return MlflowClient(local_store)


@pytest.fixture
def parameters():
    """Those that are looked at; the base's gates."""
    promote = params_of("promote", env="base")
    return Parameters.model_construct(promote=promote, evaluate=EVALUATE)


@pytest.fixture
def register(client, tmp_path, request):
    """Register a version with some evidence; gives it and its folder."""
    model = f"model {request.node.name}"

    def make(evidence=GOOD):
        folder = tmp_path / f"model {len(list(tmp_path.iterdir()))}"
        number = register_with(client, folder, evidence, model=model)
        return client.get_model_version(model, str(number)), folder

    return make


@pytest.fixture
def judge(client, parameters):
    def ask(version, holder=None, first=None, **options):
        others = Others(holder, first)
        return judge_registered(client, version, others, parameters, "base", None, **options)

    return ask


def failed(judged):
    return {check.name: check.found for check in judged.checks if not check.passed}


def test_a_version_without_any_run_is_judged_by_its_folder(register, judge):
    version, _ = register()
    judged = judge(version)
    assert failed(judged) == {}
    assert judged.digest == version.tags["digest"]
    assert judged.evidence.data_version == "d1"


def test_the_holder_and_the_first_champion_are_read_from_their_folders(register, judge):
    worse = make_evidence(DATA, make_predictions(DATA, quality=2.5))
    (candidate, _), (holder, _), (first, _) = register(worse), register(worse), register()
    assert failed(judge(candidate, holder)).keys() & {"holder_macro_auc"} == set()
    against_first = failed(judge(candidate, holder, first))
    assert "first_champion_macro_auc" in against_first


def test_a_holder_whose_files_are_damaged_refuses_what_would_replace_it(register, judge):
    (candidate, _), (holder, folder) = register(), register()
    weights = folder / "artifacts/weights/model.safetensors"
    weights.write_text("of a network")
    found = failed(judge(candidate, holder))
    assert list(found) == ["holder_comparable"]
    assert "model.safetensors" in found["holder_comparable"]
    assert found["holder_comparable"].endswith("restore its files, or take its alias away")


def test_a_damaged_version_that_nothing_is_asked_against_stands_in_no_way(
    client, register, parameters
):
    (candidate, _), (first, folder) = register(), register()
    (folder / "artifacts/weights/model.safetensors").write_text("of a network")
    changes = {"against.first_champion": {"macro_auc": None, "mel/auc": None}}
    asked = parameters.model_copy(update={"promote": params_of("promote", changes, "base")})
    others = Others(first_champion=first)
    assert failed(judge_registered(client, candidate, others, asked, "base", None)) == {}


def test_overwritten_figures_are_refused_whether_they_are_possible_or_not(register, judge):
    version, folder = register()
    file = folder / EVIDENCE_FOLDER / FIGURES_FILE
    figures = json.loads(file.read_text())
    figures["parts"]["test"]["macro_auc"] |= {"value": 1.0, "low": 0.99}
    file.write_text(json.dumps(figures))
    with pytest.raises(IntegrityError, match=FIGURES_FILE):
        judge(version)


def test_a_lower_end_of_seven_is_refused_even_in_a_folder_that_is_whole(client, register, judge):
    version, folder = register()
    file = folder / EVIDENCE_FOLDER / FIGURES_FILE
    figures = json.loads(file.read_text())
    figures["parts"]["test"]["macro_auc"] |= {"low": 7.0, "high": 9.0}
    file.write_text(json.dumps(figures))
    digest = write_list(folder)
    client.set_model_version_tag(version.name, version.version, "digest", digest)
    forged = client.get_model_version(version.name, version.version)
    with pytest.raises(RegistryError, match="test/macro_auc is 7"):
        judge(forged)


def test_another_digest_than_the_pinned_one_is_refused(register, judge):
    version, _ = register()
    with pytest.raises(IntegrityError, match="which was asked for"):
        judge(version, digest="a" * 64)


def test_a_poor_version_fails_by_its_own_figures(register, judge):
    poor = {"balanced_accuracy": Estimate(0.2, 0.1, 0.3, 108)}
    version, _ = register(replace(GOOD, parts={"test": GOOD.parts["test"] | poor}))
    assert failed(judge(version)) == {"balanced_accuracy": "0.100 < 0.750"}
