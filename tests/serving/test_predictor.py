"""Answers for encoded images, on a real network."""

import base64
import io
import json
import shutil

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from conf_params import params_of
from dermaflow.data.images.image_store import ImageBatch, ImageStore, StoredImage, write_image_store
from dermaflow.data.images.pixel_modes import ImageError
from dermaflow.data.images.preprocess import Preprocess
from dermaflow.errors import WeightsError
from dermaflow.ml.evaluation.decision_rule import RULE_FILE
from dermaflow.ml.models.classifier import build_resnet50, describe
from dermaflow.ml.models.save_weights import save_weights
from dermaflow.ml.models.weights import Weights, weights_digest
from dermaflow.ml.runtime import detect_runtime
from dermaflow.pipelines.evaluate.nodes import (
    apply_decision_rule,
    choose_decision_rule,
    predict_held_out,
)
from dermaflow.serving.predictor import BATCH_SIZE, Predictor, decode_base64

CLASSES = ["bcc", "mel", "nv"]


@pytest.fixture(scope="module")
def weights():
    torch.manual_seed(0)
    network = build_resnet50(len(CLASSES))
    config = describe(CLASSES, Preprocess(height=32, width=32), "torchvision")
    config["data_version"] = "v1"
    return Weights(dict(network.state_dict()), config)


@pytest.fixture(scope="module")
def folder(weights, tmp_path_factory):
    """Weights beside a rule that changes nothing."""
    folder = tmp_path_factory.mktemp("model") / "weights"
    save_weights(folder, weights)
    (folder / RULE_FILE).write_text(json.dumps(rule_of(weights)))
    return folder


@pytest.fixture(scope="module")
def predictor(folder):
    return Predictor(folder)


@pytest.fixture
def with_rule(folder, tmp_path):
    """Make the same weights beside another decision rule; gives the predictor."""

    def make(rule):
        shutil.copytree(folder, tmp_path / "weights", dirs_exist_ok=True)
        text = rule if isinstance(rule, str) else json.dumps(rule)
        (tmp_path / "weights" / RULE_FILE).write_text(text)
        return Predictor(tmp_path / "weights")

    return make


def rule_of(weights, **changes):
    plain = {
        "classifier": weights_digest(weights),
        "temperature": 1.0,
        "class_offsets": {},
        "views": 1,
        "class_weights": {},
        "operating_points": {},
    }
    return plain | changes


def encoded(value):
    picture = Image.new("RGB", (48, 48), (value, value // 2, 90))
    return as_png(np.asarray(picture))


def as_png(pixels):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode()


def test_a_row_an_image_in_order_across_batches(predictor):
    images = [encoded(value) for value in range(BATCH_SIZE + 3)]
    table = predictor.predict(images)
    assert list(table.columns) == ["label", "p_bcc", "p_mel", "p_nv"]
    alone = predictor.predict([images[-1]])
    np.testing.assert_allclose(
        table.iloc[-1, 1:].astype(float), alone.iloc[0, 1:].astype(float), atol=0.02
    )
    probabilities = table.iloc[:, 1:].to_numpy(float)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    assert table["label"].tolist() == [CLASSES[i] for i in probabilities.argmax(axis=1)]


def test_serving_equals_evaluation_with_several_views(with_rule, weights, tmp_path):
    """From stored pixels through the evaluate stage, and from PNGs through the predictor."""
    pixels = np.random.default_rng(0).integers(0, 256, (24, 32, 32, 3), dtype=np.uint8)
    ids = [f"i{number}" for number in range(24)]
    images = [StoredImage(*pair) for pair in zip(ids, pixels, strict=True)]
    write_image_store(tmp_path / "store", ImageBatch(images, (32, 32, 3), shard_images=16))
    manifest = pd.DataFrame(
        {
            "image_id": ids,
            "group_id": ids,
            "label": CLASSES * 8,
            "split": ["val"] * 12 + ["test"] * 12,
            "source": "drawn",
            "data_version": "v1",
        }
    )
    points = {
        "mel_recall_50": {"class": "mel", "recall": 0.5},
        "nv_specificity_60": {"class": "nv", "specificity": 0.6},
    }
    asked = {"operating_points": points, "sets": {"coverage": 0.5, "least": 3}}
    evaluate = params_of("evaluate", {"batch_size": 5, "views": 4} | asked)
    logits = predict_held_out(weights, manifest, ImageStore(tmp_path / "store"), evaluate)
    rule = choose_decision_rule(logits, weights, evaluate)
    evaluated = apply_decision_rule(logits, rule, CLASSES)

    served = with_rule(rule).predict([as_png(image) for image in pixels])
    columns = ["p_bcc", "p_mel", "p_nv"]
    # bf16 kernels sum in another order where a batch has another size.
    tolerance = 1e-6 if detect_runtime().dtype == torch.float32 else 0.02
    np.testing.assert_allclose(served[columns], evaluated[columns], atol=tolerance)
    sets = ["in_set_bcc", "in_set_mel", "in_set_nv"]
    assert list(served.columns) == ["label", *columns, "mel_recall_50", "nv_specificity_60", *sets]
    for name, point in rule["operating_points"].items():
        assert served[name].dtype == bool
        scores = served[f"p_{point['class']}"]
        assert served[name].tolist() == (scores >= point["threshold"]).tolist()
        clear = (scores - point["threshold"]).abs() > tolerance
        assert (served[name] == evaluated[name])[clear].all()
    thresholds = {
        code: cell["threshold"] for cell in rule["sets"]["cells"] for code in cell["classes"]
    }
    for code in CLASSES:
        scores = served[f"p_{code}"]
        assert served[f"in_set_{code}"].tolist() == (scores >= thresholds[code]).tolist()
        clear = (scores - thresholds[code]).abs() > tolerance
        assert (served[f"in_set_{code}"] == evaluated[f"in_set_{code}"])[clear].all()
    assert 0 < served[sets].to_numpy().mean() < 1


def test_the_rules_views_are_what_is_served(with_rule, weights):
    upright = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    images = [as_png(upright), as_png(np.ascontiguousarray(upright[::-1]))]
    found = {
        views: with_rule(rule_of(weights, views=views, temperature=5)).predict(images)["p_mel"]
        for views in (1, 4)
    }
    assert np.ptp(found[1]) > 0.005
    assert np.ptp(found[4]) < 0.0005


def test_a_rules_temperature_changes_probabilities_and_no_label(predictor, with_rule, weights):
    images = [encoded(value) for value in range(0, 250, 25)]
    plain = predictor.predict(images)
    sharp = with_rule(rule_of(weights, temperature=0.2)).predict(images)
    assert sharp["label"].tolist() == plain["label"].tolist()
    assert list(sharp.columns) == list(plain.columns)
    assert (sharp.filter(like="p_").max(axis=1) > plain.filter(like="p_").max(axis=1)).all()


def test_a_rules_offset_is_a_factor_of_the_odds(predictor, with_rule, weights):
    images = [encoded(value) for value in range(0, 250, 25)]
    plain = predictor.predict(images)
    rarer = with_rule(rule_of(weights, class_offsets={"mel": -np.log(4)})).predict(images)
    odds = [table["p_mel"] / table["p_nv"] for table in (plain, rarer)]
    np.testing.assert_allclose(odds[1], odds[0] / 4, rtol=1e-4)


def test_a_rules_weights_change_the_label_and_no_probability(predictor, with_rule, weights):
    images = [encoded(value) for value in range(0, 250, 25)]
    plain = predictor.predict(images)
    rare = with_rule(rule_of(weights, class_weights={"mel": 1e6})).predict(images)
    assert set(plain["label"]) != {"mel"}
    assert set(rare["label"]) == {"mel"}
    pd.testing.assert_frame_equal(rare.filter(like="p_"), plain.filter(like="p_"))


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("{", "is not readable"),
        ("[]", "is damaged"),
        ({"temperature": 1}, "is damaged"),
    ],
)
def test_a_damaged_rule_is_refused(with_rule, rule, message):
    with pytest.raises(WeightsError, match=message):
        with_rule(rule)


def test_a_rule_of_other_weights_is_refused(with_rule, weights):
    with pytest.raises(WeightsError, match="was chosen for the classifier other"):
        with_rule(rule_of(weights, classifier="other"))


def test_a_folder_without_a_rule_is_refused(weights, tmp_path):
    save_weights(tmp_path / "weights", weights)
    with pytest.raises(WeightsError, match=rf"decision rule .*{RULE_FILE} is not readable"):
        Predictor(tmp_path / "weights")


def test_columns_and_their_types_are_those_of_the_contract(with_rule, weights):
    point = {"class": "mel", "threshold": 0.25}
    cell = {"classes": CLASSES, "lesions": 5, "threshold": 0.0, "shared": True}
    sets = {"coverage": 0.9, "calibration_images_chose_the_epoch": True, "cells": [cell]}
    rule = rule_of(weights, operating_points={"sure": point}, sets=sets)
    table = with_rule(rule).predict([encoded(7)])
    assert {name: str(kind) for name, kind in table.dtypes.items()} == {
        "label": "str",
        "p_bcc": "float64",
        "p_mel": "float64",
        "p_nv": "float64",
        "sure": "bool",
        "in_set_bcc": "bool",
        "in_set_mel": "bool",
        "in_set_nv": "bool",
    }
    # Doubles of what was computed in single precision, thresholds included.
    probabilities = table.filter(like="p_").to_numpy()
    np.testing.assert_array_equal(probabilities.astype(np.float32), probabilities)
    assert table["sure"].tolist() == [bool(table.loc[0, "p_mel"] >= 0.25)]


def test_no_image_no_rows(predictor):
    table = predictor.predict([])
    assert len(table) == 0
    assert "p_mel" in table.columns


@pytest.mark.parametrize("bad", [None, 7, "no base64!", base64.b64encode(b"letter").decode()])
def test_what_is_no_image_is_told_by_its_place_alone(predictor, bad):
    with pytest.raises(ImageError) as caught:
        predictor.predict([encoded(1), bad, encoded(2)])
    assert str(caught.value).startswith("image 2 of 3: not a ")
    assert caught.value.__suppress_context__


def test_line_breaks_and_data_urls_are_understood():
    text = base64.encodebytes(b"x" * 100).decode()
    assert "\n" in text
    assert decode_base64(text) == b"x" * 100
    assert decode_base64(f"data:image/png;base64,{text}") == b"x" * 100


def test_a_folder_without_weights_is_refused(tmp_path):
    with pytest.raises(WeightsError, match="does not exist"):
        Predictor(tmp_path)
