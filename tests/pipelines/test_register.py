"""The register stage's contract: what a version is said to be trained on, and what is refused."""

import pandas as pd
import pytest
import torch

from conf_params import params_of
from dermaflow.data.images.preprocess import Preprocess
from dermaflow.errors import ValidationError, WeightsError
from dermaflow.ml.evaluation.estimate import parts_to_json
from dermaflow.ml.models.classifier import describe
from dermaflow.ml.models.weights import Weights, weights_digest
from dermaflow.pipelines.register.nodes import describe_model, gather_evidence
from dermaflow.registry.evidence import Evidence
from toy_evidence import CLASSES, toy_evidence, toy_manifest, toy_predictions

SYNTHETIC = pd.DataFrame({"image_id": ["s1", "s2"], "split": "train"})
METRICS = {"test": {"accuracy": {"value": 0.5}}}
NAMES = {"nv": "Nävus"}


@pytest.fixture
def manifest():
    """Training sources of two licences, with no test image; and an external source."""
    rows = [
        ("clinic", "train", "CC-BY", "train"),
        ("clinic", "train", "CC-BY", "train"),
        ("clinic", "train", None, "val"),
        ("archive", "train", "CC0", "train"),
        ("elsewhere", "external", "secret", "external"),
        ("elsewhere", "external", "secret", "excluded"),
    ]
    table = pd.DataFrame(rows, columns=["source", "role", "licence", "split"])
    table["image_id"] = [f"i{number}" for number in range(len(table))]
    table["lesion_id"] = ["l1", "l1", "i2", "l2", "l3", "l4"]
    table["patient_id"] = ["p1", "p1", None, None, None, None]
    return table.assign(data_version="v1")


@pytest.fixture
def classifier():
    config = describe(["mel", "nv"], Preprocess(height=32, width=32), "torchvision")
    return Weights({"head": torch.arange(4.0)}, config | {"data_version": "v1"})


def tell(weights, manifest, /, **changes):
    """The contract of a classifier, under a rule that was chosen for it."""
    rule = {
        "classifier": weights_digest(weights),
        "temperature": 1.5,
        "class_offsets": {},
        "views": 2,
        "logit_adjustment": 0,
        "class_weights": {},
        "operating_points": {},
    }
    texts = params_of("register", {"intended_use": "to learn", "limitations": "many"})
    return describe_model(weights, manifest, SYNTHETIC, METRICS, rule | changes, texts, NAMES)


def test_classes_are_called_by_the_names_that_conf_gives(classifier, manifest):
    output = tell(classifier, manifest)["output"]
    assert (output["p_mel"]["content"], output["p_nv"]["content"]) == ("Melanoma", "Nävus")


def test_training_data_are_those_of_training_sources_alone(classifier, manifest):
    assert tell(classifier, manifest)["training_data"] == {
        "data_version": "v1",
        "sources": ["archive", "clinic"],
        "licences": ["CC-BY", "CC0"],
        "images": {"train": 3, "val": 1, "test": 0},
        "synthetic_images": 2,
        "grouping": {
            "archive": {"images": 1, "by_patient": 0, "by_lesion": 1, "alone": 0},
            "clinic": {"images": 3, "by_patient": 2, "by_lesion": 0, "alone": 1},
        },
    }


def test_the_contract_quotes_conf_the_rule_and_the_test_figures(classifier, manifest):
    contract = tell(classifier, manifest, temperature=2.5)
    assert (contract["intended_use"], contract["limitations"]) == ("to learn", "many")
    assert contract["decision_rule"]["temperature"] == 2.5
    assert contract["test_metrics"] == METRICS["test"]
    assert list(contract["output"]) == ["label", "p_mel", "p_nv"]


@pytest.mark.parametrize("trained_on", [{"data_version": "v0"}, {"data_version": None}])
def test_a_classifier_of_other_data_is_refused(classifier, manifest, trained_on):
    other = Weights(classifier.tensors, classifier.config | trained_on)
    with pytest.raises(ValidationError, match=r"the manifest is v1.* run the train stage again"):
        tell(other, manifest)


def test_a_rule_of_another_classifier_is_refused(classifier, manifest):
    other = Weights({"head": torch.arange(4.0) + 1}, classifier.config)
    with pytest.raises(WeightsError, match=f"this is {weights_digest(classifier)}"):
        tell(classifier, manifest, classifier=weights_digest(other))


def test_evidence_is_what_the_stages_before_found_and_how_they_measured():
    given = toy_evidence()
    evaluate = params_of("evaluate", {"confidence": 0.9, "bootstrap_samples": 250})
    figures, images = gather_evidence(
        toy_manifest(),
        toy_predictions(),
        parts_to_json(given.parts),
        {"groups_across_splits": 3},
        {"broken": ["rows: too few"]},
        evaluate,
        CLASSES,
    )
    pd.testing.assert_frame_equal(images, given.images)
    evidence = Evidence.from_figures(figures, images)
    assert evidence.parts == given.parts
    assert (evidence.confidence, evidence.resamples) == (0.9, 250)
    assert (evidence.groups_across_splits, evidence.broken) == (3, ("rows: too few",))
    assert (evidence.data_version, evidence.classes) == ("d1", tuple(CLASSES))
    assert evidence.environment == evidence.metrics_run == "unknown"
