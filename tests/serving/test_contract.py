"""The contract says what the network and the preprocessing really are."""

from dermaflow.data.images.preprocess import Preprocess
from dermaflow.ml.models.classifier import describe
from dermaflow.serving.contract import (
    build_contract,
    describe_label,
    describe_probability,
    describe_sets,
)

RULE = {
    "temperature": 1.5,
    "class_offsets": {},
    "views": 1,
    "logit_adjustment": 0,
    "operating_points": {
        "mel_recall_90": {
            "class": "mel",
            "recall": 0.9,
            "threshold": 0.12345,
            "validation": {"recall": 0.9123, "specificity": 0.75},
        }
    },
}

ACCURACY = {"value": 0.5, "low": 0.4, "high": 0.6, "groups": 7}


def contract():
    config = describe(["mel", "nv", "xyz"], Preprocess(height=48, width=64), "caffe")
    metrics = {"test": {"accuracy": ACCURACY, "images": 9}, "val": {"accuracy": {"value": 0.6}}}
    return build_contract(config, {"licences": ["CC0"]}, metrics, "research", "many", RULE)


def test_it_names_shape_classes_and_test_metrics():
    written = contract()
    seen = written["input"]["image"]["seen_by_the_network"]
    assert seen["shape"] == [3, 48, 64]
    assert list(written["output"]) == ["label", "p_mel", "p_nv", "p_xyz", "mel_recall_90"]
    types = [column["type"] for column in written["output"].values()]
    assert types == ["string", "double", "double", "double", "boolean"]  # as MLflow names them
    assert written["output"]["p_mel"]["content"] == "Melanoma"
    assert written["output"]["p_xyz"]["content"] == "xyz"
    assert written["architecture"] == {"architecture": "resnet50", "stride": "caffe"}
    assert written["test_metrics"] == {"accuracy": ACCURACY, "images": 9}


def test_it_says_where_probabilities_hold_that_know_how_frequent_classes_are():
    told = {"class_offsets": {"mel": -1.2}, "chosen_on": {"prevalences": {"mel": 0.1113}}}
    said = describe_probability("mel", told)
    assert said == "Melanoma, where 11.13% of images are of it, as of the validation images"
    assert describe_probability("mel", {"class_offsets": {}}) == "Melanoma"


def test_it_tells_the_decision_rule_in_numbers_and_in_words():
    written = contract()
    assert written["decision_rule"] == RULE
    assert written["output"]["mel_recall_90"] == {
        "type": "boolean",
        "content": "whether p_mel >= 0.1235, chosen on validation images for recall 0.9 "
        "(there: recall 0.912, specificity 0.750)",
    }


def test_it_says_which_class_the_answer_names():
    assert contract()["output"]["label"]["content"] == "the most probable class"
    assert describe_label(RULE | {"logit_adjustment": 0.5}) == (
        "the class of the largest probability / (its share of the validation images) ** 0.5, "
        "which favours rare classes"
    )


def sets_of(**changes):
    cell = {"classes": ["mel"], "lesions": 92, "threshold": 0.051234, "shared": False}
    cell |= {"always_in_the_set": False} | changes
    return {"coverage": 0.9, "calibration_images_chose_the_epoch": False, "cells": [cell]}


def test_columns_of_sets_follow_those_of_operating_points():
    config = describe(["mel"], Preprocess(height=48, width=64), "caffe")
    rule = RULE | {"sets": sets_of()}
    written = build_contract(config, {}, {"test": {}}, "research", "many", rule)
    assert list(written["output"]) == ["label", "p_mel", "mel_recall_90", "in_set_mel"]
    assert written["output"]["in_set_mel"] == {
        "type": "boolean",
        "content": "whether the image may be of Melanoma: p_mel >= 0.05123. True of 90% of the "
        "lesions of mel, as in validation (92 lesions)",
    }


def test_it_says_whether_a_set_is_flattered_shared_or_says_nothing():
    told = describe_sets(["mel"], sets_of() | {"calibration_images_chose_the_epoch": True})
    assert told["in_set_mel"]["content"].endswith("(92 lesions, which chose the epoch as well)")
    shared = sets_of(classes=["df", "vasc"], lesions=26, shared=True)
    told = describe_sets(["df", "vasc"], shared, {"df": "Dimple"})
    assert told["in_set_df"]["content"].startswith("whether the image may be of Dimple: p_df >=")
    assert "90% of the lesions of df, vasc together, as in" in told["in_set_vasc"]["content"]
    told = describe_sets(["mel"], sets_of(lesions=5, threshold=0.0, always_in_the_set=True))
    assert told["in_set_mel"]["content"] == (
        "always true: 5 validation lesions are too few to tell when an image is not of Melanoma"
    )
