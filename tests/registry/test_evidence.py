"""What is known of a model, on its way through its two files."""

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest

from dermaflow.errors import RegistryError
from dermaflow.registry.evidence import (
    FIGURES_FILE,
    IMAGES_FILE,
    hide_name,
    image_table,
    read_evidence,
    write_evidence,
)
from toy_evidence import CLASSES, toy_evidence, toy_manifest, toy_predictions


@pytest.fixture
def evidence():
    return toy_evidence()


def test_evidence_is_read_as_it_was_written(evidence, tmp_path):
    write_evidence(tmp_path / "evidence", evidence)
    read = read_evidence(tmp_path / "evidence")
    pd.testing.assert_frame_equal(read.images, evidence.images, check_dtype=False)
    assert dataclasses.replace(read, images=None) == dataclasses.replace(evidence, images=None)


def test_each_image_used_has_a_row_with_its_own_probabilities():
    manifest, predictions = toy_manifest(), toy_predictions()
    table = image_table(manifest, predictions, CLASSES)
    assert list(table.columns) == [
        "image", "group", "content", "split", "source", "label", "p_mel", "p_nv",
    ]  # fmt: skip
    used = manifest[manifest["split"] != "excluded"]
    assert table["image"].tolist() == [hide_name(name) for name in used["image_id"]]
    assert table["split"].tolist() == used["split"].tolist()
    given = predictions.set_index("image_id")["p_mel"].reindex(used["image_id"])
    np.testing.assert_array_equal(table["p_mel"], given)
    assert table["p_mel"].isna().tolist() == (used["split"] == "train").tolist()


def test_no_name_of_a_patient_or_image_is_in_the_files(evidence, tmp_path):
    write_evidence(tmp_path, evidence)
    for file in tmp_path.iterdir():
        content = file.read_bytes()
        assert b"ISIC" not in content
        assert b"patient" not in content


@pytest.mark.parametrize(
    ("metric", "estimate", "message"),
    [
        ("mel/recall", {"value": 1.2}, "test/mel/recall is 1.2"),
        ("mel/recall", {"value": 0.5, "low": 7.0, "high": 8.0}, "test/mel/recall is 7.0"),
        ("mel/recall", {"value": 0.5, "low": 0.7, "high": 0.6}, "interval of test/mel/recall"),
        ("mel/recall", {"value": float("nan")}, "test/mel/recall is nan"),
        ("mel/recall", {"value": -0.1}, "test/mel/recall is -0.1"),
        ("mel/recall", {"value": True}, "test/mel/recall is True"),
        ("mel/recall", {"value": "1"}, "test/mel/recall is '1'"),
        ("mel/recall", {"value": 0.5, "groups": -1}, "of -1 groups"),
        ("log_loss", {"value": float("inf")}, "test/log_loss is inf"),
        ("images", {"value": 3}, "test is of 3 images, but images.parquet has 2"),
    ],
)
def test_impossible_figures_are_refused(evidence, tmp_path, metric, estimate, message):
    write_evidence(tmp_path, evidence)
    file = tmp_path / FIGURES_FILE
    values = json.loads(file.read_text())
    values["parts"]["test"][metric] = estimate
    file.write_text(json.dumps(values))
    with pytest.raises(RegistryError, match=message):
        read_evidence(tmp_path)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("classes", ["mel"], "fewer than two classes"),
        ("classes", ["mel", "mel"], "fewer than two classes"),
        ("classes", ["mel", "bcc"], "the columns of images.parquet are others"),
        ("classes", ["nv", "mel"], "the columns of images.parquet are others"),
        ("environment", "", "a text is missing"),
        ("data_version", None, "a text is missing"),
        ("groups_across_splits", -1, "a count is none"),
        ("groups_across_splits", None, "a count is none"),
        ("resamples", 1.5, "a count is none"),
        ("confidence", 95, "the confidence is 95"),
        ("parts", {}, "no figure is of the test split"),
        ("parts", 3, "evidence.json is not readable"),
    ],
)
def test_other_impossible_values_are_refused(evidence, tmp_path, key, value, message):
    write_evidence(tmp_path, evidence)
    file = tmp_path / FIGURES_FILE
    file.write_text(json.dumps(json.loads(file.read_text()) | {key: value}))
    with pytest.raises(RegistryError, match=message):
        read_evidence(tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: pd.concat([t, t.tail(1)]), "an image is twice"),
        (lambda t: t.assign(p_mel=0.9), "do not add up to 1"),
        (lambda t: t.assign(p_mel=t["p_mel"] + 2, p_nv=t["p_nv"] - 2), "do not add up to 1"),
        (lambda t: t.assign(p_mel=t["p_mel"].fillna(0.5), p_nv=t["p_nv"].fillna(0.5)),
         "a training image was tested"),
        (lambda t: t.assign(split="holdout"), "unknown split"),
        (lambda t: t.assign(label=None), "empty cells"),
        (lambda t: t.drop(columns="group"), "columns"),
    ],
)  # fmt: skip
def test_impossible_images_are_refused_when_written_and_when_read(
    evidence, tmp_path, change, message
):
    write_evidence(tmp_path, evidence)
    changed = change(evidence.images)
    changed.to_parquet(tmp_path / IMAGES_FILE)
    with pytest.raises(RegistryError, match=message):
        read_evidence(tmp_path)
    with pytest.raises(RegistryError, match=message):
        write_evidence(tmp_path / "again", dataclasses.replace(evidence, images=changed))


@pytest.mark.parametrize("file", [FIGURES_FILE, IMAGES_FILE])
def test_a_file_that_is_missing_or_damaged_is_named(evidence, tmp_path, file):
    write_evidence(tmp_path, evidence)
    (tmp_path / file).write_bytes(b"\x00not json, not parquet")
    with pytest.raises(RegistryError, match=rf"evidence: {file} is not readable") as caught:
        read_evidence(tmp_path)
    assert "\n" not in str(caught.value)
    (tmp_path / file).unlink()
    with pytest.raises(RegistryError, match=rf"evidence: {file} is missing"):
        read_evidence(tmp_path)
