"""Rows are set aside with their reasons, and what is left is checked as a set."""

import json

import numpy as np
import pandas as pd
import pytest

from conf_params import params_of
from data.validation.sound_rows import (
    AGE,
    CLASSES,
    faulty_manifest,
    sound_manifest,
    with_expectation,
)
from dermaflow.data.images.image_store import ImageBatch, ImageStore, StoredImage, write_image_store
from dermaflow.data.validation.check_manifest import ROW_SUITES, check_manifest
from dermaflow.errors import ParameterError
from dermaflow.schema import DECODE_COLUMNS, RECORD_COLUMNS


@pytest.fixture(scope="module")
def validate():
    return params_of("validate", env="base")


@pytest.fixture(scope="module")
def faulty():
    return faulty_manifest()


@pytest.fixture(scope="module")
def checked(faulty, validate):
    return check_manifest(faulty, {"test": ["stray.jpg"]}, validate, CLASSES)


def test_sound_rows_all_pass(validate):
    raw = sound_manifest()
    clean, quarantine, report, _ = check_manifest(raw, {}, validate, CLASSES)
    pd.testing.assert_frame_equal(clean, raw)
    assert quarantine.empty
    assert report["quarantined"] == 0
    assert all(suite["success"] for suite in report["suites"].values())


def test_every_fault_is_set_aside_with_its_reason(checked):
    _, quarantine, _, _ = checked
    reasons = quarantine.set_index(quarantine["image_id"].fillna(quarantine["file"]))["reason"]
    assert reasons["broken"] == "image cannot be read (truncated)"
    assert reasons["strange"].startswith("label is none of the classes")
    assert "uniform" in reasons["black"] and "too dark" in reasons["black"]
    assert "too small (width: 20)" in reasons["tiny"]
    assert reasons["homeless"].startswith("lesion_id is missing")
    assert reasons["twice"].str.contains("nothing tells which row is right").all()
    assert len(reasons["twice"]) == 2
    assert reasons["same"] == "row repeats an earlier one"
    assert reasons["stray.jpg"] == "no row lists this file"
    assert reasons["None.jpg"] == "image_id is missing"
    stages = quarantine.groupby("stage")["file"].apply(set)
    assert stages["ingest"] == {"broken.jpg", "stray.jpg"}


def test_no_row_is_lost_or_counted_twice(faulty, checked):
    clean, quarantine, report, _ = checked
    assert list(clean.columns) == [*RECORD_COLUMNS, *DECODE_COLUMNS]
    assert len(faulty) + 1 == len(clean) + len(quarantine)
    assert (report["clean"], report["quarantined"]) == (len(clean), len(quarantine))
    assert clean["image_id"].is_unique
    assert set(sound_manifest()["image_id"]) | {"same", "old"} == set(clean["image_id"])


def test_a_value_that_counts_as_not_known_is_told_and_costs_no_row(faulty, checked):
    clean, quarantine, report, _ = checked
    assert faulty.set_index("image_id").loc["old", "age"] == 400
    assert np.isnan(clean.set_index("image_id").loc["old", "age"])
    assert "old" not in quarantine["image_id"].tolist()
    [told] = [text for text in report["warnings"] if text.endswith("it counts as not known")]
    assert "age is impossible" in told
    assert "old 400" in told


def test_a_class_that_loses_images_and_has_several_of_a_lesion_only_warns(validate):
    raw = sound_manifest()
    of_class = raw.index[raw["label"] == "df"]
    raw.loc[of_class, "lesion_id"] = [f"df {number // 2}" for number in range(len(of_class))]
    raw.loc[of_class[:6], "contrast"] = 0
    _, _, report, _ = check_manifest(raw, {}, validate, CLASSES)
    assert report["broken"] == []
    assert any("a class loses many of its images" in text for text in report["warnings"])


@pytest.mark.parametrize("position", [0, 3])  # image_id and label
def test_a_value_without_which_no_image_is_of_use_cannot_be_unset(position):
    wrong = with_expectation("manifest_rows", position, on_failure="unset")
    with pytest.raises(ParameterError, match="can be unset for age, sex"):
        check_manifest(sound_manifest(), {}, wrong, CLASSES)


def test_the_report_is_json_and_counts(checked):
    report = checked[2]
    assert json.loads(json.dumps(report, allow_nan=False)) == report
    assert report["quarantined_by_reason"]["image cannot be read"] == 1
    ages = next(
        entry
        for entry in report["suites"]["manifest_rows"]["expectations"]
        if entry["kwargs"].get("column") == "age"
    )
    assert (ages["success"], ages["unexpected"]) == (False, 1)
    assert 0 < ages["unexpected_share"] < 0.01


@pytest.mark.usefixtures("checked")
def test_inputs_are_left_alone(faulty):
    pd.testing.assert_frame_equal(faulty, faulty_manifest())


def test_an_expectation_that_only_warns_sets_nothing_aside(caplog):
    lenient = with_expectation("manifest_rows", AGE, on_failure="warn")
    raw = sound_manifest()
    raw.loc[3, "age"] = 400
    clean, quarantine, report, _ = check_manifest(raw, {}, lenient, CLASSES)
    assert len(clean) == len(raw)
    assert quarantine.empty
    assert report["broken"] == []
    [warning] = report["warnings"]
    assert "age is impossible" in warning
    assert "i3 400" in warning
    assert warning in caplog.text


@pytest.mark.parametrize("suite", ["clean_set", "clean_classes", "drift"])
@pytest.mark.parametrize("on_failure", ["quarantine", "unset"])
def test_what_is_no_image_cannot_be_quarantined(suite, on_failure):
    wrong = with_expectation(suite, 0, on_failure=on_failure)
    with pytest.raises(ParameterError, match=rf"expectations\.{suite}: .*can be warn or stop"):
        check_manifest(sound_manifest(), {}, wrong, CLASSES)


def test_a_wrong_expectation_of_drift_is_told_before_any_image_is_looked_at():
    wrong = with_expectation("drift", 0, kwargs={"column": "valeu", "max_value": 0.1})
    with pytest.raises(ParameterError, match=r"drift\.0\.kwargs: no column 'valeu'; did you mean"):
        check_manifest(sound_manifest(), {}, wrong, CLASSES)


def test_an_unknown_suite_is_refused():
    wrong = params_of("validate", {"expectations": {"manifest_row": []}})
    with pytest.raises(
        ParameterError, match=r"validate\.expectations\.manifest_row: unknown suite"
    ):
        check_manifest(sound_manifest(), {}, wrong, CLASSES)


def test_an_image_that_two_sources_list_is_the_first_ones(validate):
    own = sound_manifest()
    other = own.iloc[:20].assign(source="elsewhere", role="external", label="nv")
    raw = pd.concat([own, other], ignore_index=True)
    clean, quarantine, report, _ = check_manifest(raw, {}, validate, CLASSES)
    pd.testing.assert_frame_equal(clean, own)
    assert quarantine["reason"].unique().tolist() == ["another source lists this image too"]
    assert quarantine["source"].unique().tolist() == ["elsewhere"]
    assert report["broken"] == []


def test_what_external_sources_lose_does_not_stop_training(validate, caplog):
    own = sound_manifest()
    other = sound_manifest(60).assign(source="elsewhere", role="external", label="wart")
    other["image_id"] = "x" + other["image_id"]
    raw = pd.concat([own, other], ignore_index=True)
    clean, quarantine, report, _ = check_manifest(raw, {}, validate, CLASSES)
    assert (len(clean), len(quarantine)) == (140, 60)
    assert report["broken"] == []
    assert "no image of elsewhere is clean" in caplog.text


def test_files_and_masks_that_cannot_be_used_are_counted_apart_and_cost_no_image(
    validate, tmp_path
):
    raw = sound_manifest()
    masks = [
        StoredImage("i3", None, {"error": "torn"}),
        StoredImage("i4", np.ones((2, 2, 1), np.uint8), {"error": None}),
    ]
    write_image_store(tmp_path / "masks", ImageBatch(masks, (2, 2, 1)))
    unlisted = {"test": ["stray.jpg"], "other": ["more.zip"], "third": []}
    store = ImageStore(tmp_path / "masks")
    clean, quarantine, report, _ = check_manifest(raw, unlisted, validate, CLASSES, store)
    pd.testing.assert_frame_equal(clean, raw)
    assert quarantine["image_id"].dropna().tolist() == ["i3"]
    assert quarantine["source"].tolist() == ["test", "other", "test"]
    assert (report["unlisted_files"], report["unusable_masks"]) == (2, 1)
    assert (report["rows"], report["clean"], report["quarantined"]) == (140, 140, 3)
    assert sum(report["quarantined_by_reason"].values()) == 3


def test_proportions_are_those_of_width_to_height_and_the_ends_of_a_range_are_kept(validate):
    sizes = [(128, 64), (129, 64), (64, 128), (64, 129), (63, 64), (64, 63)]
    raw = sound_manifest(len(sizes))
    raw["width"], raw["height"] = zip(*((float(w), float(h)) for w, h in sizes), strict=True)
    rows = {name: validate.expectations[name] for name in ROW_SUITES}
    only_rows = validate.model_copy(update={"expectations": rows})
    clean, quarantine, _, _ = check_manifest(raw, {}, only_rows, CLASSES)
    assert clean["image_id"].tolist() == ["i0", "i2"]
    assert quarantine["reason"].tolist() == [
        "image is too long for its width",
        "image is too long for its width",
        "image is too small (width: 63)",
        "image is too small (height: 63)",
    ]
