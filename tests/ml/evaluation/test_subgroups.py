"""Figures of subgroups of tested images, on made-up predictions."""

import re

import numpy as np
import pandas as pd
import pytest
import yaml

from dermaflow.errors import ParameterError
from dermaflow.ml.evaluation.measure import measure_calls
from dermaflow.ml.evaluation.metrics import score
from dermaflow.ml.evaluation.predictions import Predictions
from dermaflow.ml.evaluation.subgroups import score_subgroups
from dermaflow.params.evaluate import EvaluateParams

CLASSES = ["df", "mel", "nv"]
SEED = 17


def evaluate(least=10, samples=50, **by):
    return EvaluateParams(
        batch_size=8,
        views=1,
        calibration="temperature",
        logit_adjustment=0,
        operating_points={},
        sets={"coverage": 0.9, "least": 30},
        subgroups={"least": least, "by": by},
        bootstrap_samples=samples,
        confidence=0.9,
        least_groups=1,
        calibration_bins=10,
    )


def make(splits, labels, **told):
    """Predictions of some skill, two images a lesion, and a manifest with more columns."""
    rng = np.random.default_rng(0)
    numbers = np.array([CLASSES.index(label) for label in labels])
    scores = np.exp(rng.normal(size=(len(labels), 3)) + 1.2 * np.eye(3)[numbers])
    table = pd.DataFrame(
        {
            "image_id": [f"i{number}" for number in range(len(labels))],
            "group_id": [f"g{number // 2}" for number in range(len(labels))],
            "source": np.where(np.array(splits) == "external", "clinic", "drawn"),
            "label": labels,
            "split": splits,
            "predicted": np.array(CLASSES)[scores.argmax(1)],
        }
    )
    table[[f"p_{code}" for code in CLASSES]] = scores / scores.sum(1, keepdims=True)
    manifest = table[["image_id", "group_id", "source", "label", "split"]].assign(**told)
    return table, manifest.sample(frac=1, random_state=1)


@pytest.fixture
def tested():
    """Of the test split, 40 groups of df, 40 of mel, 40 of nv; the last tone is of nv alone."""
    labels = np.repeat(["df", "mel", "nv"], 80)
    tones = np.tile(["1", "1", "2", "2"], 60).astype(object)
    tones[200:] = "3"
    tones[:8] = None
    ages = np.linspace(0, 80, 240)
    return make(["test"] * 240, labels, skin_tone=tones, age=ages)


def rows_of(table, column, subgroup):
    chosen = (table["column"] == column) & (table["subgroup"] == subgroup)
    return table[chosen].set_index("measure")


def test_a_subgroups_figures_are_those_of_its_images_alone(tested):
    predictions, manifest = tested
    table = score_subgroups(predictions, manifest, evaluate(skin_tone=[]), CLASSES, SEED)
    tone = manifest.set_index("image_id")["skin_tone"].reindex(predictions["image_id"])
    alone = Predictions.from_table(predictions[(tone == "2").to_numpy()], CLASSES)
    expected = score(alone, np.ones((1, len(alone))), 1, ())
    found = rows_of(table, "skin_tone", "2")
    for measure in ("accuracy", "balanced_accuracy", "mel/recall", "mel/auc"):
        assert found.loc[measure, "value"] == pytest.approx(expected[measure][0]), measure
        assert (
            found.loc[measure, "low"] <= found.loc[measure, "value"] <= found.loc[measure, "high"]
        )
    assert found["note"].eq("").all()
    assert found.loc["accuracy", "images"] == (tone == "2").sum()
    assert found.loc["accuracy", "groups"] == alone.groups.size / 2


def test_too_few_lesions_of_a_class_are_told_and_not_measured(tested):
    predictions, manifest = tested
    table = score_subgroups(predictions, manifest, evaluate(skin_tone=[]), CLASSES, SEED)
    found = rows_of(table, "skin_tone", "3")
    assert found.loc["mel/auc", "note"] == "insufficient data: 0 groups of mel, 10 are needed"
    assert found.loc["balanced_accuracy", "note"] == (
        "insufficient data: 1 of the classes with 10 groups, 2 are needed"
    )
    assert found.loc[["mel/auc", "mel/recall", "balanced_accuracy"], "value"].isna().all()
    assert found.loc["accuracy", "value"] >= 0  # twenty lesions are enough
    unknown = rows_of(table, "skin_tone", "unknown")  # four groups of df
    assert unknown["value"].isna().all()
    assert unknown.loc["accuracy", "note"] == "insufficient data: 4 groups, 10 are needed"


def test_intervals_are_made_as_those_of_the_whole_part(tested):
    predictions, manifest = tested
    table = score_subgroups(predictions, manifest, evaluate(), CLASSES, SEED)
    found = rows_of(table, "all", "all")
    whole = Predictions.from_table(predictions, CLASSES)
    scores = measure_calls(whole, {}, evaluate(), 50, np.random.default_rng(1))
    for name in ("accuracy", "balanced_accuracy", "mel/recall"):
        assert tuple(found.loc[name, ["low", "high"]]) == pytest.approx(scores[name].interval), name
    assert found.loc["mel/auc", "low"] < found.loc["mel/auc", "value"]


def test_what_is_perfect_is_not_sure():
    """Ten melanomas of ten: recall from 0.79 at 90 %, and an AUC of no interval."""
    predictions, manifest = make(["test"] * 40, ["mel"] * 20 + ["nv"] * 20)
    sure = np.where(predictions["label"] == "mel", 0.9, 0.05)
    predictions = predictions.assign(
        predicted=predictions["label"], p_mel=sure, p_nv=0.95 - sure, p_df=0.05
    )
    row = rows_of(score_subgroups(predictions, manifest, evaluate(), CLASSES, SEED), "all", "all")
    assert row.loc["mel/recall", "high"] == row.loc["mel/auc", "value"] == 1
    assert row.loc["mel/recall", "low"] == pytest.approx(10 / (10 + 1.645**2), abs=1e-3)
    assert row.loc["balanced_accuracy", "low"] < 0.9
    assert row.loc["mel/auc", ["low", "high"]].isna().all()
    assert row.loc["mel/auc", "note"] == "interval not estimable"


def test_a_mean_over_fewer_classes_says_which():
    labels = ["df"] * 4 + ["mel"] * 60 + ["nv"] * 60
    predictions, manifest = make(["test"] * 124, labels)
    row = rows_of(score_subgroups(predictions, manifest, evaluate(), CLASSES, SEED), "all", "all")
    held_out = Predictions.from_table(predictions, CLASSES)
    values = score(held_out, np.ones((1, 124)), 1, ())
    mean = (values["mel/recall"][0] + values["nv/recall"][0]) / 2
    assert row.loc["balanced_accuracy", "value"] == pytest.approx(mean)
    assert row.loc["balanced_accuracy", "note"] == "of mel, nv"


def test_an_auc_needs_others_too():
    predictions, manifest = make(["test"] * 68, ["mel"] * 60 + ["nv"] * 8)
    row = rows_of(score_subgroups(predictions, manifest, evaluate(), CLASSES, SEED), "all", "all")
    assert row.loc["mel/auc", "note"] == (
        "insufficient data: 4 groups of other classes, 10 are needed"
    )
    assert row.loc["mel/recall", "value"] > 0


def test_numbers_are_divided_at_edges_which_begin_a_range(tested):
    predictions, manifest = tested
    manifest = manifest.assign(age=np.resize([39.9, 40, 59, 60, np.nan], 240))
    table = score_subgroups(predictions, manifest, evaluate(age=[40, 60]), CLASSES, SEED)
    images = table[table["column"] == "age"].drop_duplicates("subgroup").set_index("subgroup")
    assert images["images"].to_dict() == {
        "below 40": 48,
        "40 to below 60": 96,
        "60 and above": 48,
        "unknown": 48,
    }
    assert list(images.index) == ["below 40", "40 to below 60", "60 and above", "unknown"]


def test_parts_are_test_and_each_external_source_and_say_nothing_of_empty_columns():
    labels = np.repeat(["df", "mel", "nv"], 60)
    splits = np.tile(["test", "test", "external", "external", "val", "val"], 30)
    predictions, manifest = make(splits, labels, skin_tone=None, sex=None)
    manifest.loc[manifest["split"] == "external", "skin_tone"] = "4"
    table = score_subgroups(predictions, manifest, evaluate(skin_tone=[], sex=[]), CLASSES, SEED)
    parts = table.groupby("part", sort=False)["column"].unique()
    assert parts["test"].tolist() == ["all"]
    assert parts["external/clinic"].tolist() == ["all", "skin_tone"]
    assert len(parts) == 2


def test_without_resamples_there_are_no_intervals(tested):
    predictions, manifest = tested
    settings = evaluate(samples=0, skin_tone=[])
    table = score_subgroups(predictions, manifest, settings, CLASSES, SEED)
    assert table[["low", "high"]].isna().all(axis=None)
    assert table["value"].notna().any()


def test_any_name_survives_the_file(tested, tmp_path, project_path):
    predictions, manifest = tested
    names = np.resize(["NA", "None", "", "1"], 240)
    manifest = manifest.assign(localization=names)
    table = score_subgroups(predictions, manifest, evaluate(localization=[]), CLASSES, SEED)
    catalog = yaml.safe_load((project_path / "conf/base/catalog.yml").read_text())["subgroups"]
    path = tmp_path / "subgroups.csv"
    table.to_csv(path, **catalog["save_args"])
    read = pd.read_csv(path, **catalog["load_args"])
    pd.testing.assert_frame_equal(read, table, check_dtype=False)


@pytest.mark.parametrize(
    ("by", "message"),
    [
        ({"skintone": []}, "evaluate.subgroups.by.skintone: the manifest has no such column"),
        ({"skin_tone": [1], "age": []}, "evaluate.subgroups.by.skin_tone: only numbers have edges"),
    ],
)
def test_a_column_that_cannot_be_divided_is_named(tested, by, message):
    predictions, manifest = tested
    manifest = manifest.assign(skin_tone="dark")
    with pytest.raises(ParameterError, match=re.escape(message)):
        score_subgroups(predictions, manifest, evaluate(**by), CLASSES, SEED)


def test_coverage_of_sets_is_told_by_subgroup_where_there_are_sets(tested):
    predictions, manifest = tested
    given = predictions.assign(in_set_df=True, in_set_mel=False, in_set_nv=True)
    table = score_subgroups(given, manifest, evaluate(skin_tone=[]), CLASSES, SEED)
    tones = manifest.set_index("image_id")["skin_tone"].reindex(given["image_id"]).to_numpy()
    for tone in ("1", "2", "3"):
        found = rows_of(table, "skin_tone", tone)
        expected = (given["label"] != "mel")[tones == tone].mean()
        assert found.loc["coverage", "value"] == expected
        assert found.loc["coverage", "low"] <= expected <= found.loc["coverage", "high"]
    assert rows_of(table, "skin_tone", "1").loc["mel/coverage", "value"] == 0
    assert rows_of(table, "skin_tone", "3").loc["mel/coverage", "note"].startswith("insufficient")
    without = score_subgroups(predictions, manifest, evaluate(skin_tone=[]), CLASSES, SEED)
    pd.testing.assert_frame_equal(
        table[~table["measure"].str.contains("coverage")].reset_index(drop=True), without
    )
