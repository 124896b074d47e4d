"""The validate stage's comparison of batches, with the suite of conf/base."""

import json

import numpy as np
import pandas as pd
import pytest
import yaml

from dermaflow.data.images.image_store import ImageBatch, ImageStore, StoredImage, write_image_store
from dermaflow.errors import ValidationError
from dermaflow.params.validate import ValidateParams
from dermaflow.pipelines.validate.drawing import show_drift
from dermaflow.pipelines.validate.nodes import compare_batches, stop_on_drift

COUNT = 120
CLASSES = ["mel", "nv"]
NO_PAIRS = pd.DataFrame({"image_a": [], "image_b": [], "decision": []}, dtype=object)


@pytest.fixture(scope="module")
def settings(project_path):
    text = (project_path / "conf" / "base" / "parameters_validate.yml").read_text()
    return yaml.safe_load(text)["validate"]


@pytest.fixture(scope="module")
def manifest():
    """Three sources, the third of which has other patients."""
    number = np.arange(COUNT)
    source = np.array(["home", "near", "far"])[number % 3]
    return pd.DataFrame(
        {
            "image_id": [f"i{n}" for n in number],
            "lesion_id": [f"l{n}" for n in number],
            "patient_id": None,
            "sha256": [f"{n:064x}" for n in number],
            "label": np.where(number % 2, "nv", "mel"),
            "age": np.where(source == "far", 80.0, 30.0) + number % 5,
            "sex": "male",
            "localization": None,
            "source": source,
            "role": np.where(source == "home", "train", "external"),
            "brightness": 100.0 + number % 7,
            "contrast": 20.0 + number % 7,
        }
    )


@pytest.fixture(scope="module")
def store(manifest, tmp_path_factory):
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 255, (COUNT, 16, 16, 3), np.uint8)
    images = [StoredImage(*image) for image in zip(manifest["image_id"], pictures, strict=True)]
    folder = tmp_path_factory.mktemp("store") / "images"
    write_image_store(folder, ImageBatch(images, (16, 16, 3)))
    return ImageStore(folder)


def compare(manifest, store, settings):
    return compare_batches(manifest, NO_PAIRS, store, ValidateParams(**settings), CLASSES, 17)


def draw(compared, store):
    """The page of what the catalog would have kept as JSON."""
    profile, report, comparisons = (json.loads(json.dumps(kept)) for kept in compared)
    return show_drift(comparisons, report, profile, store)["index.html"].decode()


def test_each_external_source_is_compared_and_what_differs_is_reported(
    manifest, store, settings, caplog
):
    compared = compare(manifest, store, settings)
    profile, report, _ = compared
    broken = {
        (batch, feature)
        for batch, facts in report["batches"].items()
        for feature, row in facts["features"].items()
        if row["broken"]
    }
    assert broken == {("far", "age")}  # of sites nothing is known, here as there
    assert report["batches"]["far"]["features"]["localization"]["value"] is None
    assert report["broken"] == []
    assert any("far age" in warning for warning in report["warnings"])
    assert all(warning in caplog.text for warning in report["warnings"])
    assert json.loads(json.dumps(report, allow_nan=False)) == report
    assert json.loads(json.dumps(profile, allow_nan=False)) == profile
    assert draw(compared, store).count("<h2>") == 4  # both, expectations, how to read it
    stop_on_drift(report)


def test_drift_may_stop_the_run_once_it_is_written(manifest, store, settings):
    strict = json.loads(json.dumps(settings))
    strict["expectations"]["drift"][0]["on_failure"] = "stop"
    compared = compare(manifest, store, strict)
    _, report, _ = compared
    assert "far" in draw(compared, store)
    with pytest.raises(ValidationError, match=r"suite drift: .*far age"):
        stop_on_drift(report)


def test_one_feature_may_have_a_limit_of_its_own(manifest, store, settings):
    ages = {"type": "comparison", "column": {"name": "feature"}, "operator": "==",
            "parameter": "age"}  # fmt: skip
    own = json.loads(json.dumps(settings))
    [first, _] = own["expectations"]["drift"]
    both = {"type": "and", "conditions": [first["kwargs"]["row_condition"], ages]}
    first["kwargs"] |= {"row_condition": both, "max_value": 1000}
    own["expectations"]["drift"] = [first]
    assert compare(manifest, store, own)[1]["warnings"] == []
    first["kwargs"]["max_value"] = 0.1
    [warning] = compare(manifest, store, own)[1]["warnings"]
    assert "1 of " in warning


def test_pairs_make_lesions_one(manifest, store, settings):
    """Of which one picture is counted."""
    home = manifest.loc[manifest["role"] == "train", "image_id"].tolist()
    pairs = pd.DataFrame({"image_a": home[:4], "image_b": home[1:5], "decision": "found"})
    pairs.loc[3, "decision"] = "different"
    profile, _, _ = compare_batches(manifest, pairs, store, ValidateParams(**settings), CLASSES, 17)
    assert (profile["images"], profile["groups"]) == (40, 40 - 3)


def test_of_training_sources_alone_a_profile_is_made(manifest, store, settings):
    alone = manifest[manifest["role"] == "train"]
    compared = compare(alone, store, settings)
    profile, report, _ = compared
    assert profile["images"] == len(alone)
    assert report["batches"] == {}
    assert report["warnings"] == report["broken"] == []
    assert "nothing to compare" in draw(compared, store)


def test_without_training_images_there_is_nothing_to_compare_with(manifest, store, settings):
    with pytest.raises(ValidationError, match="no image of a training source"):
        compare(manifest[manifest["role"] == "external"], store, settings)


def test_a_profile_that_is_not_there_is_told_before_any_work(settings):
    wrong = settings | {"drift": settings["drift"] | {"reference": "nowhere.json"}}
    with pytest.raises(ValueError, match=r"drift\.reference: there is no file nowhere\.json"):
        ValidateParams(**wrong)
