"""The validate stage with the suites of conf/base."""

import json
import re
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
import yaml

from dermaflow.data.validation.check_manifest import check_manifest
from dermaflow.errors import ParameterError, SourceError, ValidationError
from dermaflow.params.duplicates import DuplicateParams
from dermaflow.params.validate import ValidateParams
from dermaflow.pipelines.validate.drawing import show_data_docs
from dermaflow.pipelines.validate.nodes import find_duplicates, split_manifest
from dermaflow.schema import DECODE_COLUMNS, RECORD_COLUMNS, SPLIT_COLUMNS

CLASSES = ["akiec", "bcc", "bkl", "df", "mel", "nv", "vasc"]


@pytest.fixture(scope="module")
def settings(project_path):
    text = (project_path / "conf" / "base" / "parameters_validate.yml").read_text()
    return yaml.safe_load(text)["validate"]


@pytest.fixture(scope="module")
def validate(settings):
    return ValidateParams(**settings)


def manifest(count=140):
    """Sound rows, two images a lesion; the values that real tables have and that must pass."""
    number = np.arange(count)
    return pd.DataFrame(
        {
            "image_id": [f"i{n}" for n in number],
            "lesion_id": [f"l{n // 2}" for n in number],
            "patient_id": None,
            "label": [CLASSES[n // 2 % 7] for n in number],
            "age": np.where(number % 9, 5.0 * (number % 18), np.nan),  # 0 and unknown among them
            "sex": [("male", "female", "unknown", None)[n % 4] for n in number],
            "localization": [("back", "unknown", None)[n % 3] for n in number],
            "dx_type": [
                ("histo", "follow_up", "consensus", "confocal", None)[n % 5] for n in number
            ],
            "image_type": [("dermoscopic", None)[n % 2] for n in number],
            "skin_tone": None,
            "licence": "none",
            "file": [f"i{n}.jpg" for n in number],
            "source": "test",
            "role": "train",
            "sha256": [f"{n:064x}" for n in number],
            "width": 600.0,
            "height": 450.0,
            "brightness": 150.0,
            "contrast": 25.0,
            "error": pd.Series([None] * count, dtype=object),
        }
    )


@pytest.fixture(scope="module")
def faulty():
    """Sound rows, then one or two rows for each fault."""
    sound = manifest()

    def row(image_id, **changes):
        base = {"image_id": image_id, "file": f"{image_id}.jpg", "lesion_id": f"l_{image_id}"}
        return sound.iloc[[1]].assign(**base | changes)

    unreadable = dict.fromkeys(("width", "height", "brightness", "contrast"), np.nan)
    rows = [
        row("broken", error="truncated", **unreadable),
        row("old", age=400.0),
        row("strange", label="<script>alert(1)</script>"),
        row("black", brightness=0.0, contrast=0.0),
        row("tiny", width=20.0, height=20.0),
        row("homeless", lesion_id=None),
        row("twice", label="nv"),
        row("twice", label="mel"),
        row("same"),
        row("same"),
        row(None),
    ]
    return pd.concat([sound, *rows], ignore_index=True)


@pytest.fixture(scope="module")
def checked(faulty, validate):
    return check_manifest(faulty, {"test": ["stray.jpg"]}, validate, CLASSES)


def test_sound_rows_all_pass(validate):
    raw = manifest()
    clean, quarantine, report, _ = check_manifest(raw, {}, validate, CLASSES)
    pd.testing.assert_frame_equal(clean, raw)
    assert quarantine.empty
    assert report["quarantined"] == 0
    assert all(suite["success"] for suite in report["suites"].values())


def test_every_fault_is_set_aside_with_its_reason(checked):
    _, quarantine, _, _ = checked
    reasons = quarantine.set_index(quarantine["image_id"].fillna(quarantine["file"]))["reason"]
    assert reasons["broken"] == "image cannot be read (truncated)"
    assert reasons["old"] == "age is impossible (age: 400)"
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
    assert set(manifest()["image_id"]) | {"same"} == set(clean["image_id"])


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


@pytest.fixture(scope="module")
def page(checked):
    return draw_docs(checked)


def draw_docs(checked):
    """Data Docs of what the catalog would have kept as JSON."""
    _, quarantine, report, results = checked
    report, results = (json.loads(json.dumps(kept)) for kept in (report, results))
    return show_data_docs(results, report, quarantine)["index.html"].decode()


def test_data_docs_stand_alone_and_do_not_run_what_the_data_says(page, faulty, validate):
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert not re.findall(r'(?:src|href)="?[^"#]', page)  # nothing outside the page
    assert "values must belong to this set" in page  # as Great Expectations words it
    again = check_manifest(faulty, {"test": ["stray.jpg"]}, validate, CLASSES)
    assert draw_docs(again) == page


def test_data_docs_name_the_image_of_each_value_that_breaks_an_expectation(page):
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", page, re.DOTALL)
    cells = [re.findall(r"<td[^>]*>\s*(.*?)\s*</td>", row, re.DOTALL) for row in rows]
    values = {tuple(re.sub(r"<[^>]+>", "", cell).strip() for cell in row) for row in cells}
    assert ("400.0", "1", "141", "old") in values  # value, how often, row of the table, image
    assert ("20.0", "1", "144", "tiny") in values


def test_inputs_are_left_alone(faulty, validate):
    before = faulty.copy(deep=True)
    check_manifest(faulty, {}, validate, CLASSES)
    pd.testing.assert_frame_equal(faulty, before)


# Pairs from people alone: no image is looked at.
DUPLICATES = DuplicateParams(keypoints=300, words=512, candidates=0, agreeing=10, chance_pairs=0.5)


def check_and_split(raw, validate, decisions=None):
    clean, _, report, _ = check_manifest(raw, {}, validate, CLASSES)
    decided = validate.model_copy(update={"decisions": decisions and str(decisions)})
    pairs = find_duplicates(clean, report, None, decided, DUPLICATES, 17)
    return split_manifest(clean, pairs, validate, 17)


def test_a_broken_set_stops_with_the_name_of_the_expectation(validate):
    raw = manifest()
    raw.loc[raw["label"] == "df", "age"] = 400
    with pytest.raises(ValidationError) as caught:
        check_and_split(raw, validate)
    text = str(caught.value)
    for part in ("clean_classes", "expect_column_values_to_be_between", "groups", "df 0"):
        assert part in text
    assert "age is impossible: 20" in text


def test_a_broken_set_is_documented_before_it_stops(validate):
    raw = manifest().assign(error="empty file")
    checked = check_manifest(raw, {}, validate, CLASSES)
    _, quarantine, report, _ = checked
    assert len(quarantine) == len(raw)
    assert report["broken"]
    assert "too few images are left" in draw_docs(checked)
    with pytest.raises(ValidationError, match="clean_set"):
        check_and_split(raw, validate)


def test_a_suite_over_rows_may_stop_too(settings):
    strict = json.loads(json.dumps(settings))
    strict["expectations"]["manifest_rows"][5]["on_failure"] = "stop"
    raw = manifest()
    raw.loc[3, "age"] = 400
    with pytest.raises(ValidationError, match=r"manifest_rows: age is impossible.*i3 400"):
        check_and_split(raw, ValidateParams(**strict))


def test_an_expectation_that_only_warns_sets_nothing_aside(settings, caplog):
    lenient = json.loads(json.dumps(settings))
    lenient["expectations"]["manifest_rows"][5]["on_failure"] = "warn"
    raw = manifest()
    raw.loc[3, "age"] = 400
    clean, quarantine, report, _ = check_manifest(raw, {}, ValidateParams(**lenient), CLASSES)
    assert len(clean) == len(raw)
    assert quarantine.empty
    assert report["broken"] == []
    [warning] = report["warnings"]
    assert "age is impossible" in warning
    assert "i3 400" in warning
    assert warning in caplog.text


@pytest.mark.parametrize("suite", ["clean_set", "clean_classes", "drift"])
def test_what_is_no_image_cannot_be_quarantined(suite, settings):
    wrong = json.loads(json.dumps(settings))
    wrong["expectations"][suite][0]["on_failure"] = "quarantine"
    with pytest.raises(ParameterError, match=rf"expectations\.{suite}: .*can be warn or stop"):
        check_manifest(manifest(), {}, ValidateParams(**wrong), CLASSES)


def test_a_wrong_expectation_of_drift_is_told_before_any_image_is_looked_at(settings):
    wrong = json.loads(json.dumps(settings))
    wrong["expectations"]["drift"][0]["kwargs"]["column"] = "valeu"
    with pytest.raises(ParameterError, match=r"drift\.0\.kwargs: no column 'valeu'; did you mean"):
        check_manifest(manifest(), {}, ValidateParams(**wrong), CLASSES)


def test_an_unknown_suite_is_refused(settings):
    wrong = settings | {"expectations": {"manifest_row": []}}
    with pytest.raises(
        ParameterError, match=r"validate\.expectations\.manifest_row: unknown suite"
    ):
        check_manifest(manifest(), {}, ValidateParams(**wrong), CLASSES)


def test_split_adds_its_columns_and_counts_everything(validate):
    clean = manifest()
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
    clean = manifest()
    clean.loc[clean["image_id"] == "i0", "sha256"] = clean["sha256"].iloc[-1]
    result, _ = check_and_split(clean, validate)
    copies = result[result["sha256"] == clean["sha256"].iloc[-1]]
    assert copies["lesion_id"].nunique() == 2
    assert copies["group_id"].nunique() == 1


def test_pairs_join_lesions_unless_people_say_that_they_differ(validate, tmp_path):
    clean = manifest()
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


def test_external_images_test_unless_the_split_holds_their_lesion(validate, tmp_path):
    own = manifest()
    other = manifest(20).assign(source="elsewhere", role="external")
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
    raw = manifest()
    raw["role"] = np.where(raw["label"] == "df", "external", "train")
    with pytest.raises(ValidationError, match=r"too few lesions of a class.*df 0"):
        check_and_split(raw, validate)


def test_images_of_an_earlier_manifest_stay_on_their_sides(validate, tmp_path):
    first, _ = check_and_split(manifest(), validate)
    first.to_parquet(tmp_path / "first.parquet")
    keep = {"split": validate.split.model_copy(update={"keep": str(tmp_path / "first.parquet")})}
    later, report = check_and_split(manifest(210), validate.model_copy(update=keep))
    old = later.iloc[: len(first)]
    assert old["split"].tolist() == first["split"].tolist()
    assert report["kept"] == {"images": 140, "moved": 0}
    assert later["split"].iloc[140:].nunique() > 1
    without, _ = check_and_split(manifest(210), validate)
    assert (without["split"].iloc[:140] != first["split"]).any()


def test_an_unreadable_earlier_manifest_is_named(validate, tmp_path):
    path = tmp_path / "first.parquet"
    keep = {"split": validate.split.model_copy(update={"keep": str(path)})}
    for content in (None, b"torn"):
        if content:
            path.write_bytes(content)
        with pytest.raises(SourceError, match=r"first\.parquet is no manifest .*split\.keep"):
            check_and_split(manifest(), validate.model_copy(update=keep))
    strangers = pd.DataFrame({"image_id": ["x"], "split": "test"})
    strangers.to_parquet(path)
    with pytest.raises(SourceError, match=r"first\.parquet knows none of the images"):
        check_and_split(manifest(), validate.model_copy(update=keep))


def test_an_image_that_two_sources_list_is_the_first_ones(validate):
    own = manifest()
    other = own.iloc[:20].assign(source="elsewhere", role="external", label="nv")
    raw = pd.concat([own, other], ignore_index=True)
    clean, quarantine, report, _ = check_manifest(raw, {}, validate, CLASSES)
    pd.testing.assert_frame_equal(clean, own)
    assert quarantine["reason"].unique().tolist() == ["another source lists this image too"]
    assert quarantine["source"].unique().tolist() == ["elsewhere"]
    assert report["broken"] == []


def test_what_external_sources_lose_does_not_stop_training(validate, caplog):
    own = manifest()
    other = manifest(60).assign(source="elsewhere", role="external", label="wart")
    other["image_id"] = "x" + other["image_id"]
    raw = pd.concat([own, other], ignore_index=True)
    clean, quarantine, report, _ = check_manifest(raw, {}, validate, CLASSES)
    assert (len(clean), len(quarantine)) == (140, 60)
    assert report["broken"] == []
    assert "no image of elsewhere is clean" in caplog.text
