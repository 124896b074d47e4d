"""Scoring a registered model afresh by an environment's image store, with a real network."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from dermaflow.data.images.image_store import ImageBatch, StoredImage, write_image_store
from dermaflow.data.images.preprocess import Preprocess
from dermaflow.errors import RegistryError
from dermaflow.ml.evaluation.decision_rule import RULE_FILE
from dermaflow.ml.models.classifier import build_resnet50, describe, load_classifier
from dermaflow.ml.models.predict import predict
from dermaflow.ml.models.save_weights import save_weights
from dermaflow.ml.models.weights import Weights, weights_digest
from dermaflow.ml.runtime import detect_runtime
from dermaflow.registry.evidence import hide_name
from dermaflow.registry.rescore import ImagePlaces, StoreRescore

CLASSES = ["mel", "nv"]
PIXELS = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), np.uint8)
CONTENT = [hide_name(f"sha{number}") for number in range(3)]


@pytest.fixture(scope="module")
def weights():
    torch.manual_seed(0)
    config = describe(CLASSES, Preprocess(height=32, width=32), "torchvision")
    return Weights(dict(build_resnet50(len(CLASSES)).state_dict()), config)


@pytest.fixture(scope="module")
def rescore(weights, tmp_path_factory):
    """Of a model whose rule halves the logits, and a store of three images."""
    root = tmp_path_factory.mktemp("rescore")
    save_weights(root / "model/artifacts/weights", weights)
    rule = {
        "temperature": 2.0,
        "class_offsets": {},
        "class_weights": {},
        "views": 1,
        "operating_points": {},
        "classifier": weights_digest(weights),
    }
    (root / "model/artifacts/weights" / RULE_FILE).write_text(json.dumps(rule))
    names = [f"image {number}" for number in range(3)]
    images = [StoredImage(name, one) for name, one in zip(names, PIXELS, strict=True)]
    write_image_store(root / "store", ImageBatch(images, (32, 32, 3), 16))
    manifest = pd.DataFrame({"image_id": names, "sha256": [f"sha{n}" for n in range(3)]})
    manifest.iloc[::-1].to_parquet(root / "manifest.parquet")
    images = ImagePlaces(root / "manifest.parquet", root / "store")
    return StoreRescore({"holder": root / "model"}, images, 2)


def elsewhere(rescore, **changes):
    return replace(rescore, images=replace(rescore.images, **changes))


def test_probabilities_are_those_of_the_model_and_its_rule_by_content(rescore, weights):
    scored = rescore("holder", CONTENT[::-1])
    network = load_classifier(weights)
    logits = predict(network, [PIXELS], detect_runtime(), 1).astype(np.float64) / 2
    powers = np.exp(logits)
    expected = powers / powers.sum(1, keepdims=True)
    assert list(scored.index) == CONTENT[::-1]
    assert list(scored.columns) == ["p_mel", "p_nv"]
    np.testing.assert_allclose(scored, expected[::-1], atol=2e-3)


def test_an_image_that_is_not_at_hand_is_named_by_count(rescore):
    with pytest.raises(RegistryError, match=r"1 of 2 images are not in .*manifest\.parquet"):
        rescore("holder", [CONTENT[0], hide_name("other")])


def test_a_store_that_is_not_there_is_named(rescore, tmp_path):
    for place in ("manifest", "image_store"):
        with pytest.raises(RegistryError, match=r"nowhere is missing; run the ingest"):
            elsewhere(rescore, **{place: tmp_path / "nowhere"})("holder", CONTENT)


def test_a_version_whose_files_are_not_at_hand_is_named(rescore):
    with pytest.raises(RegistryError, match="files of the first champion are not at hand"):
        rescore("first_champion", CONTENT)


def test_a_store_of_another_size_is_refused(rescore, tmp_path):
    images = [StoredImage(f"image {n}", np.zeros((16, 16, 3), np.uint8)) for n in range(3)]
    write_image_store(tmp_path / "store", ImageBatch(images, (16, 16, 3), 16))
    with pytest.raises(RegistryError, match=r"trained on images of \(32, 32\) pixels.* \(16, 16\)"):
        elsewhere(rescore, image_store=tmp_path / "store")("holder", CONTENT)


def test_a_model_without_its_whole_rule_is_not_scored(rescore, tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(rescore.folders["holder"], folder)
    (folder / "artifacts/weights" / RULE_FILE).unlink()
    with pytest.raises(RegistryError, match=rf"cannot be scored here.*{RULE_FILE}"):
        replace(rescore, folders={"holder": folder})("holder", CONTENT)


def test_places_of_images_are_the_catalogs():
    catalog = {"manifest": {"filepath": "data/m"}, "image_store": {"filepath": "/elsewhere/s"}}
    places = ImagePlaces.read(catalog, Path("/project"))
    assert places == ImagePlaces(Path("/project/data/m"), Path("/elsewhere/s"))
