"""The validate stage with the suites of conf/base: rows, split and drift."""

import json
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from conf_params import params_of
from data.validation.sound_rows import (
    AGE,
    CLASSES,
    sound_manifest,
    with_expectation,
)
from dermaflow.data.images.image_store import ImageBatch, ImageStore, StoredImage, write_image_store
from dermaflow.data.validation.check_manifest import check_manifest
from dermaflow.errors import ValidationError
from dermaflow.pipelines.validate.nodes import (
    compare_batches,
    find_duplicates,
    split_manifest,
    stop_on_drift,
)
from dermaflow.schema import SPLIT_COLUMNS
from feature_store import write_features


@pytest.fixture(scope="module")
def validate():
    return params_of("validate", env="base")


# Pairs from people alone: no image is looked at.
DUPLICATES = params_of("duplicates", {"candidates": 0})


def check_and_split(raw, validate, decisions=None):
    clean, _, report, _ = check_manifest(raw, {}, validate, CLASSES)
    decided = validate.model_copy(update={"decisions": decisions and str(decisions)})
    pairs = find_duplicates(clean, report, None, decided, DUPLICATES, 17)
    return split_manifest(clean, pairs, validate, 17)


def test_a_broken_set_stops_with_the_name_of_the_expectation(validate):
    raw = sound_manifest()
    raw.loc[raw["label"] == "df", "contrast"] = 0
    with pytest.raises(ValidationError) as caught:
        check_and_split(raw, validate)
    text = str(caught.value)
    for part in ("clean_classes", "expect_column_values_to_be_between", "groups", "df 0"):
        assert part in text
    assert "image is uniform: 20" in text


def test_a_broken_set_is_documented_before_it_stops(validate):
    raw = sound_manifest().assign(error="empty file")
    _, quarantine, report, _ = check_manifest(raw, {}, validate, CLASSES)
    assert len(quarantine) == len(raw)
    assert any("too few images are left" in line for line in report["broken"])
    with pytest.raises(ValidationError, match="clean_set"):
        check_and_split(raw, validate)


def test_a_suite_over_rows_may_stop_too():
    strict = with_expectation("manifest_rows", AGE, on_failure="stop")
    raw = sound_manifest()
    raw.loc[3, "age"] = 400
    with pytest.raises(ValidationError, match=r"manifest_rows: age is impossible.*i3 400"):
        check_and_split(raw, strict)


def test_split_adds_its_columns_and_counts_everything(validate):
    clean = sound_manifest()
    result, report = check_and_split(clean, validate)
    assert list(result.columns) == [*clean.columns, *SPLIT_COLUMNS]
    pd.testing.assert_frame_equal(result[clean.columns], clean)
    assert report["groups_across_splits"] == report["groups_across_folds"] == 0
    assert sum(sum(row.values()) for row in report["images"].values()) == len(clean)
    assert sum(sum(row.values()) for row in report["groups"].values()) == 70
    assert all(min(row.values()) > 0 for row in report["images"].values())
    assert json.loads(json.dumps(report)) == report
    assert result["data_version"].unique().tolist() == [report["data_version"]]


def test_equal_files_are_one_group_whatever_their_ids(validate):
    clean = sound_manifest()
    clean.loc[clean["image_id"] == "i0", ["sha256", "label"]] = (
        clean[["sha256", "label"]].iloc[-1].tolist()
    )
    result, _ = check_and_split(clean, validate)
    copies = result[result["sha256"] == clean["sha256"].iloc[-1]]
    assert copies["lesion_id"].nunique() == 2
    assert copies["group_id"].nunique() == 1


def test_pairs_join_lesions_unless_people_say_that_they_differ(validate, tmp_path):
    clean = sound_manifest()
    images = clean.drop_duplicates("lesion_id")["image_id"].tolist()
    path = tmp_path / "decisions.csv"
    pairs = list(pairwise(images))
    lines = [f"{a},{b},same" for a, b in pairs[:5]] + [f"{a},{b},different" for a, b in pairs[5:]]
    path.write_text("image_a,image_b,decision\n" + "\n".join(lines))
    result, report = check_and_split(clean, validate, path)
    joined = result[result["image_id"].isin(images[:6])]
    assert joined["group_id"].nunique() == joined["split"].nunique() == 1
    assert joined["lesion_id"].nunique() == 6
    assert result["group_id"].nunique() == 70 - 5
    counts = report["duplicates"]
    assert (counts["pairs_across_lesions"], counts["lesions_joined"]) == (5, 6)
    assert report["test_images_with_a_sibling_elsewhere"]["split"]["test_images"] == 0
    assert report["test_images_with_a_sibling_elsewhere"]["image_split"]["test_images"] > 0


def test_external_images_are_compared_with_the_own_and_change_nothing_among_these(
    validate, tmp_path
):
    """One of the own is another's mirror image, and an external one is brighter than its twin."""
    rng = np.random.default_rng(2)
    pictures = rng.integers(0, 160, (36, 12, 16, 3)).astype(np.uint8)
    pictures = pictures.repeat(8, axis=1).repeat(8, axis=2)
    pictures[1] = pictures[0][:, ::-1]
    pictures[32] = pictures[7] + 40
    own, external = [f"i{n}" for n in range(30)], [f"x{n}" for n in range(6)]
    names = own + external
    features = write_features(tmp_path / "features", dict(zip(names, pictures, strict=True)))
    rows = pd.DataFrame({"image_id": names, "lesion_id": [f"l_{name}" for name in names]})
    rows["label"] = ["mel" if name in ("i7", "i0") else "nv" for name in names]
    rows["role"] = ["train"] * len(own) + ["external"] * len(external)
    looked_for = params_of("duplicates", {"candidates": 5})

    def find(table):
        return find_duplicates(table, {"broken": []}, features, validate, looked_for, 17)

    found, alone = find(rows), find(rows[rows["role"] == "train"])
    told = ["image_a", "image_b", "lesion_a", "lesion_b", "label_a", "label_b", "external"]
    assert found[told].to_numpy().tolist() == [
        ["i0", "i1", "l_i0", "l_i1", "mel", "nv", False],
        ["x2", "i7", "l_x2", "l_i7", "nv", "mel", True],
    ]
    assert found["decision"].tolist() == ["found", "found"]
    pd.testing.assert_frame_equal(found[~found["external"]], alone)


def test_external_images_test_unless_the_split_holds_their_lesion(validate, tmp_path):
    own = sound_manifest()
    other = sound_manifest(20).assign(source="elsewhere", role="external")
    for column in ("image_id", "lesion_id", "sha256"):
        other[column] = "x" + other[column]
    other.loc[0, "sha256"] = own["sha256"].iloc[8]  # a file that the split holds
    path = tmp_path / "decisions.csv"
    path.write_text("image_a,image_b,decision\ni5,xi4,same\n")  # a lesion that it holds
    raw = pd.concat([own, other], ignore_index=True)
    result, report = check_and_split(raw, validate, path)
    sides = result.set_index("image_id")["split"]
    assert set(sides[["xi0", "xi1", "xi4", "xi5"]]) == {"excluded"}
    assert (sides[other["image_id"]] == "external").sum() == 16
    assert report["external"] == {"elsewhere": {"images": 16, "excluded": 4}}
    counts = report["duplicates"]
    assert (counts["pairs_with_external_images"], counts["pairs_across_lesions"]) == (1, 0)
    assert report["groups_across_splits"] == 0
    assert (result.loc[result["role"] == "external", "fold"] == 0).all()
    alone, _ = check_and_split(own, validate)
    pd.testing.assert_series_equal(sides[own["image_id"]], alone.set_index("image_id")["split"])


def test_external_rows_do_not_count_for_what_can_be_trained_on(validate):
    raw = sound_manifest()
    raw["role"] = np.where(raw["label"] == "df", "external", "train")
    with pytest.raises(ValidationError, match=r"too few lesions of a class.*df 0"):
        check_and_split(raw, validate)


def test_images_of_an_earlier_manifest_stay_on_their_sides(validate, tmp_path):
    first, _ = check_and_split(sound_manifest(), validate)
    first.to_parquet(tmp_path / "first.parquet")
    keep = {"split": validate.split.model_copy(update={"keep": str(tmp_path / "first.parquet")})}
    later, report = check_and_split(sound_manifest(210), validate.model_copy(update=keep))
    old = later.iloc[: len(first)]
    assert old["split"].tolist() == first["split"].tolist()
    assert report["kept"] == {"images": 140, "moved": 0}
    assert later["split"].iloc[140:].nunique() > 1
    without, _ = check_and_split(sound_manifest(210), validate)
    assert (without["split"].iloc[:140] != first["split"]).any()


NO_PAIRS = pd.DataFrame({"image_a": [], "image_b": [], "decision": []}, dtype=object)


@pytest.fixture(scope="module")
def batches():
    """Three sources, the third of which has other patients."""
    number = np.arange(120)
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
def store(batches, tmp_path_factory):
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 255, (len(batches), 16, 16, 3), np.uint8)
    images = [StoredImage(*image) for image in zip(batches["image_id"], pictures, strict=True)]
    folder = tmp_path_factory.mktemp("store") / "images"
    write_image_store(folder, ImageBatch(images, (16, 16, 3)))
    return ImageStore(folder)


def compare(batches, store, validate, pairs=NO_PAIRS):
    """With as few deals as are allowed."""
    quick = validate.model_copy(update={"drift": params_of("validate").drift})
    return compare_batches(batches, pairs, store, quick, ["mel", "nv"], 17)


def test_each_external_source_is_compared_and_what_differs_is_reported(
    batches, store, validate, caplog
):
    profile, report, _ = compare(batches, store, validate)
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
    stop_on_drift(report)


def test_drift_may_stop_the_run_once_it_is_written(batches, store):
    strict = with_expectation("drift", 0, on_failure="stop")
    _, report, _ = compare(batches, store, strict)
    with pytest.raises(ValidationError, match=r"suite drift: .*far age"):
        stop_on_drift(report)


def test_one_feature_may_have_a_limit_of_its_own(batches, store, validate):
    ages = {"type": "comparison", "column": {"name": "feature"}, "operator": "==",
            "parameter": "age"}  # fmt: skip
    first = validate.expectations["drift"][0].model_dump()
    both = {"type": "and", "conditions": [first["kwargs"]["row_condition"], ages]}

    def warnings(limit):
        kwargs = first["kwargs"] | {"row_condition": both, "max_value": limit}
        own = params_of("validate", {"expectations.drift": [first | {"kwargs": kwargs}]})
        return compare(batches, store, own)[1]["warnings"]

    assert warnings(1000) == []
    [warning] = warnings(0.1)
    assert "1 of " in warning


def test_pairs_make_lesions_one(batches, store, validate):
    """Of which one picture is counted."""
    home = batches.loc[batches["role"] == "train", "image_id"].tolist()
    pairs = pd.DataFrame({"image_a": home[:4], "image_b": home[1:5], "decision": "found"})
    pairs.loc[3, "decision"] = "different"
    profile, _, _ = compare(batches, store, validate, pairs)
    assert (profile["images"], profile["groups"]) == (40, 40 - 3)


def test_of_training_sources_alone_a_profile_is_made(batches, store, validate):
    alone = batches[batches["role"] == "train"]
    profile, report, comparisons = compare(alone, store, validate)
    assert profile["images"] == len(alone)
    assert comparisons == []
    assert report["batches"] == {}
    assert report["warnings"] == report["broken"] == []


def test_without_training_images_there_is_nothing_to_compare_with(batches, store, validate):
    with pytest.raises(ValidationError, match="no image of a training source"):
        compare(batches[batches["role"] == "external"], store, validate)


def test_a_profile_that_is_not_there_is_told_before_any_work():
    with pytest.raises(ValueError, match=r"drift\.reference: there is no file nowhere\.json"):
        params_of("validate", {"drift.reference": "nowhere.json"})
