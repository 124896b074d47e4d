"""Figures of folds, one by one and pooled, against what is counted by hand."""

import json

import numpy as np
import pandas as pd
import pytest

from conf_params import params_of
from dermaflow.ml.evaluation.estimate import parts_from_json
from dermaflow.ml.evaluation.predictions import Predictions
from dermaflow.pipelines.crossval_evaluate.nodes import decide_folds, score_folds

CLASSES = ["mel", "nv"]
EVALUATE = params_of(
    "evaluate",
    {
        "views": 1,
        "calibration": "temperature",
        "logit_adjustment": 0,
        "bootstrap_samples": 60,
        "confidence": 0.9,
        "operating_points": {
            "mel_recall_80": {"class": "mel", "recall": 0.8},
            "mel_specificity_100": {"class": "mel", "specificity": 1.0},
        },
    },
)


@pytest.fixture(scope="module")
def logits():
    """Two folds whose networks are sure of themselves to a different degree.

    In the second, no threshold leaves all other validation images alone.
    """
    rng = np.random.default_rng(1)
    tables = []
    for fold, sureness in ((1, 1.0), (2, 6.0)):
        count = 60
        labels = rng.integers(0, 2, count)
        score = sureness * (rng.normal(size=count) + 1.2 * (labels == 0))
        side = np.repeat(["val", "test"], [20, 40])
        if fold == 2:
            score[np.flatnonzero(labels[:20] == 1)[0]] = score[:20].max() + 0.1
        tables.append(
            pd.DataFrame(
                {
                    "fold": fold,
                    "image_id": [f"i{fold}_{n}" for n in range(count)],
                    "group_id": [f"g{fold}_{n // 2}" for n in range(count)],
                    "source": "drawn",
                    "label": np.array(CLASSES)[labels],
                    "split": side,
                    "logit_mel": score.astype(np.float32),
                    "logit_nv": np.float32(0),
                }
            )
        )
    return pd.concat(tables, ignore_index=True)


def make_folds(protocol="lesion"):
    facts = [
        {
            "fold": number,
            "seed": number,
            "images": {"train": 100, "val": 20, "test": 40},
            "leaking": share,
            "classifier": f"c{number}",
        }
        for number, share in ((1, 0.25), (2, 0.5))
    ]
    summary = {"protocol": protocol, "data_version": "v1", "folds_in_all": 5, "views": 4}
    return summary | {"synthetic": False, "train": {"epochs": 2}, "folds": facts}


@pytest.fixture(scope="module")
def decided(logits):
    return decide_folds(logits, make_folds(), EVALUATE, CLASSES)


@pytest.fixture(scope="module")
def scored(logits, decided):
    rules, predictions = decided
    return score_folds(predictions, logits, rules, make_folds(), EVALUATE, CLASSES, 1)


def of_test(logits, number=None):
    rows = logits[logits["split"] == "test"]
    return rows if number is None else rows[rows["fold"] == number]


def test_each_fold_is_calibrated_and_called_by_its_own_validation(logits, decided):
    rules, predictions = decided
    assert list(rules) == ["fold_1", "fold_2"]
    assert rules["fold_2"]["temperature"] > 2 * rules["fold_1"]["temperature"]
    assert predictions["image_id"].tolist() == of_test(logits)["image_id"].tolist()
    for number in (1, 2):
        rule, rows = rules[f"fold_{number}"], predictions[predictions["fold"] == number]
        assert (rule["classifier"], rule["data_version"], rule["views"]) == (f"c{number}", "v1", 4)
        assert (rule["chosen_on"]["split"], rule["chosen_on"]["images"]) == ("val", 20)
        score = of_test(logits, number)["logit_mel"].to_numpy(np.float64)
        expected = 1 / (1 + np.exp(-score / rule["temperature"]))
        assert rows["p_mel"].to_numpy() == pytest.approx(expected, abs=1e-6)
        threshold = rule["operating_points"]["mel_recall_80"]["threshold"]
        assert (rows["mel_recall_80"] == (rows["p_mel"] >= threshold)).all()
        val = logits[(logits["fold"] == number) & (logits["split"] == "val")]
        found = 1 / (1 + np.exp(-val["logit_mel"] / rule["temperature"])) >= threshold - 1e-7
        assert found[val["label"] == "mel"].mean() >= 0.8


def test_each_fold_is_told_how_frequent_classes_are_in_its_own_validation(logits):
    evaluate = EVALUATE.model_copy(update={"calibration": "prevalence"})
    rules, predictions = decide_folds(logits, make_folds(), evaluate, CLASSES)
    for number in (1, 2):
        rule, tested = rules[f"fold_{number}"], of_test(logits, number)
        val = logits[(logits["fold"] == number) & (logits["split"] == "val")]
        shares = rule["chosen_on"]["prevalences"]
        assert shares["mel"] == pytest.approx((val["label"] == "mel").mean())
        odds = rule["prior_exponent"] * np.log(shares["nv"] / shares["mel"])
        score = tested["logit_mel"].to_numpy(np.float64) / rule["temperature"]
        found = predictions.loc[predictions["fold"] == number, "p_mel"].to_numpy()
        assert found == pytest.approx(1 / (1 + np.exp(odds - score)), abs=1e-6)
    assert any(rule["prior_exponent"] > 0 for rule in rules.values())


def test_a_point_that_one_fold_cannot_choose_is_left_out_of_all(decided):
    rules, predictions = decided
    assert "mel_specificity_100" in rules["fold_1"]["operating_points"]
    assert "mel_specificity_100" in rules["fold_2"]["left_out"]
    assert "mel_specificity_100" not in predictions
    assert predictions["mel_recall_80"].dtype == bool


def test_test_images_choose_nothing(logits, decided):
    changed = logits.copy()
    is_test = changed["split"] == "test"
    changed.loc[is_test, "logit_mel"] = changed.loc[is_test, "logit_mel"] * -3 + 1
    assert decide_folds(changed, make_folds(), EVALUATE, CLASSES)[0] == decided[0]


def test_pooled_figures_are_counts_over_all_folds(logits, decided, scored):
    pooled, predictions = parts_from_json(scored[0])["crossval"], decided[1]
    rows = of_test(logits)
    is_mel = (rows["label"] == "mel").to_numpy()
    said = (rows["logit_mel"] > 0).to_numpy()
    assert pooled["images"].value == 80
    assert pooled["groups"].value == 40
    assert pooled["folds"].value == 2
    assert pooled["accuracy"].value == pytest.approx((is_mel == said).mean())
    assert pooled["mel/recall"].value == pytest.approx(said[is_mel].mean())
    assert pooled["mel/recall"].groups == rows["group_id"][is_mel].nunique() < 40
    called = predictions["mel_recall_80"].to_numpy()
    assert pooled["mel_recall_80/recall"].value == pytest.approx(called[is_mel].mean())
    assert pooled["mel_recall_80/specificity"].value == pytest.approx((~called)[~is_mel].mean())
    assert pooled["mel_recall_80/precision"].value == pytest.approx(is_mel[called].mean())
    p = predictions["p_mel"].to_numpy()
    wins = p[is_mel, None] > p[None, ~is_mel]
    assert pooled["mel/auc"].value == pytest.approx(wins.mean())
    assert pooled["leaking_images"].value == pytest.approx(0.375)
    for name in ("accuracy", "mel/auc", "mel_recall_80/recall"):
        assert pooled[name].low < pooled[name].value < pooled[name].high


def test_mean_and_spread_are_of_the_folds(logits, scored):
    metrics, table = scored
    by_fold = []
    for number in (1, 2):
        rows = of_test(logits, number)
        by_fold.append(((rows["logit_mel"] > 0) == (rows["label"] == "mel")).mean())
        fold = metrics[f"crossval_folds/fold_{number}"]
        assert fold["accuracy"]["value"] == pytest.approx(by_fold[-1])
        assert fold["accuracy"].keys() == {"value", "low", "high", "groups"}
        assert "mel_recall_80/recall" in fold
        assert "log_loss" not in fold
    assert metrics["crossval_folds/mean"]["accuracy"] == pytest.approx(np.mean(by_fold))
    assert metrics["crossval_folds/sd"]["accuracy"] == pytest.approx(np.std(by_fold, ddof=1))
    row = table.set_index("metric").loc["accuracy"]
    pooled = metrics["crossval"]["accuracy"]
    assert row["pooled"] == pooled["value"]
    assert (row["low"], row["high"]) == (pooled["low"], pooled["high"])
    assert row[["fold_1", "fold_2"]].tolist() == by_fold
    assert table["metric"].iloc[0] == "accuracy"
    assert table["metric"].is_unique
    json.dumps(metrics, allow_nan=False)


def test_figures_are_the_same_whenever_they_are_made(logits, decided, scored):
    rules, predictions = decided
    again = score_folds(predictions, logits, rules, make_folds(), EVALUATE, CLASSES, 1)
    assert again[0] == scored[0]
    other = score_folds(predictions, logits, rules, make_folds(), EVALUATE, CLASSES, 2)
    one, another = (metrics["crossval"]["mel/auc"] for metrics in (scored[0], other[0]))
    assert one["value"] == another["value"]
    assert one["low"] != another["low"]


def test_what_leaks_is_named_so_everywhere(logits, decided, scored):
    rules, predictions = decided
    folds = make_folds("image")
    metrics, table = score_folds(predictions, logits, rules, folds, EVALUATE, CLASSES, 1)
    assert all("LEAKING" in part for part in metrics)
    assert not any("LEAKING" in part for part in scored[0])
    assert metrics["crossval_LEAKING"]["accuracy"] == scored[0]["crossval"]["accuracy"]
    assert set(table["protocol"]) == {"image LEAKING"}


def test_classes_without_melanoma_have_no_figures_of_it(logits):
    named = {"logit_mel": "logit_bcc"}
    other = logits.rename(columns=named).replace({"label": {"mel": "bcc"}})
    classes = ["bcc", "nv"]
    rules, predictions = decide_folds(other, make_folds(), EVALUATE, classes)
    metrics, _ = score_folds(predictions, other, rules, make_folds(), EVALUATE, classes, 1)
    assert Predictions.from_table(predictions, classes).classes == ("bcc", "nv")
    assert "bcc/auc" in metrics["crossval"]
    assert not any("mel" in name for name in metrics["crossval"])


def test_sets_are_of_each_folds_own_validation_and_add_up(logits, decided, scored):
    rules, predictions = decided
    metrics = parts_from_json(scored[0])
    held = []
    for number in (1, 2):
        rows = predictions[predictions["fold"] == number]
        (cell,) = rules[f"fold_{number}"]["sets"]["cells"]
        assert (cell["lesions"], cell["shared"]) == (10, True)
        for code in CLASSES:
            assert (rows[f"in_set_{code}"] == (rows[f"p_{code}"] >= cell["threshold"])).all()
        held += [row[f"in_set_{row['label']}"] for _, row in rows.iterrows()]
    pooled = metrics["crossval"]
    assert pooled["coverage"].value == np.mean(held)
    assert pooled["small-classes/expected_coverage"].groups == 40
    assert pooled["small-classes/expected_coverage"].value == pytest.approx(10 / 11)
    table = scored[1].set_index("metric")
    assert table.loc["coverage", ["fold_1", "fold_2"]].mean() == pytest.approx(np.mean(held))
    wider = table.loc["small-classes/expected_coverage", ["low", "high"]]
    assert wider["low"] < 10 / 11 < wider["high"]
