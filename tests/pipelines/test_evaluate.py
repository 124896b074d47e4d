"""The evaluate stage on a real, untrained network and on made-up predictions."""

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from conf_params import params_of
from dermaflow.data.images.image_store import ImageBatch, ImageStore, StoredImage, write_image_store
from dermaflow.data.images.preprocess import Preprocess
from dermaflow.errors import ParameterError, ValidationError
from dermaflow.ml.evaluation.estimate import Estimate, parts_from_json, parts_to_json
from dermaflow.ml.models.classifier import build_resnet50, describe
from dermaflow.ml.models.weights import Weights, weights_digest
from dermaflow.params.evaluate import EvaluateParams
from dermaflow.pipelines.evaluate.nodes import (
    apply_decision_rule,
    choose_decision_rule,
    predict_held_out,
    score_predictions,
)

CLASSES = ["bcc", "df", "mel", "nv"]
EVALUATE = params_of(
    "evaluate",
    {
        "batch_size": 3,
        "views": 1,
        "calibration": "temperature",
        "logit_adjustment": 0,
        "subgroups.by": {},
        "bootstrap_samples": 100,
        "confidence": 0.9,
        "operating_points": {
            "mel_recall_85": {"class": "mel", "recall": 0.85},
            "mel_specificity_90": {"class": "mel", "specificity": 0.9},
            "df_recall_50": {"class": "df", "recall": 0.5},
            "scc_recall_50": {"class": "scc", "recall": 0.5},
        },
    },
)
POINTS = ["mel_recall_85", "mel_specificity_90"]  # those that can be chosen
KEPT = ["image_id", "group_id", "source", "label", "split"]
LOGITS = [f"logit_{code}" for code in CLASSES]
SETS = [f"in_set_{code}" for code in CLASSES]
PROBABILITIES = [f"p_{code}" for code in CLASSES]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> ImageStore:
    folder = tmp_path_factory.mktemp("data") / "store"
    rng = np.random.default_rng(0)
    images = [
        StoredImage(f"i{number}", rng.integers(0, 256, (32, 32, 3), dtype=np.uint8))
        for number in range(12)
    ]
    write_image_store(folder, ImageBatch(images, (32, 32, 3), shard_images=5))
    return ImageStore(folder)


@pytest.fixture(scope="module")
def classifier() -> Weights:
    torch.manual_seed(0)
    network = build_resnet50(len(CLASSES))
    config = describe(CLASSES, Preprocess(height=32, width=32), "torchvision")
    config["data_version"] = "v1"
    return Weights(dict(network.state_dict()), config)


@pytest.fixture
def manifest() -> pd.DataFrame:
    """Rows in another order than the store's, under an index that is not 0, 1, 2, …"""
    table = pd.DataFrame(
        {
            "image_id": [f"i{number}" for number in range(12)],
            "group_id": [f"g{number // 2}" for number in range(12)],
            "label": [CLASSES[number % 4] for number in range(12)],
            "split": ["train"] * 2 + ["excluded", "external"] + ["test"] * 4 + ["val"] * 4,
            "source": "drawn",
            "data_version": "v1",
        }
    )
    return table.sample(frac=1, random_state=1)


@pytest.fixture
def logits() -> pd.DataFrame:
    """No image of df; two images a group; some skill, and far too sure of it."""
    rng = np.random.default_rng(0)
    labels = np.repeat(rng.choice([0, 2, 3], 60), 2)
    table = pd.DataFrame(
        {
            "image_id": [f"i{number}" for number in range(120)],
            "group_id": [f"g{number // 2}" for number in range(120)],
            "source": "drawn",
            "label": np.array(CLASSES, dtype=object)[labels],
            "split": ["val"] * 40 + ["test"] * 80,
        }
    )
    values = 4 * (rng.normal(size=(120, 4)) + 1.5 * np.eye(4)[labels])
    table[LOGITS] = values.astype(np.float32)
    return table


@pytest.fixture
def rule(logits: pd.DataFrame, classifier: Weights) -> dict[str, Any]:
    return choose_decision_rule(logits, classifier, EVALUATE)


@pytest.fixture
def predictions(logits: pd.DataFrame, rule: dict[str, Any]) -> pd.DataFrame:
    return apply_decision_rule(logits, rule, CLASSES)


def measured(
    logits: pd.DataFrame,
    rule: dict[str, Any],
    seed: int = 17,
    evaluate: EvaluateParams = EVALUATE,
) -> dict[str, dict[str, Estimate]]:
    """Metrics of logits under a rule."""
    predictions = apply_decision_rule(logits, rule, CLASSES)
    return parts_from_json(score_predictions(predictions, logits, rule, evaluate, CLASSES, seed))


def test_gives_logits_of_held_out_and_external_images_in_the_manifests_order(
    classifier: Weights, manifest: pd.DataFrame, store: ImageStore
) -> None:
    before = manifest.copy()
    table = predict_held_out(classifier, manifest, store, EVALUATE)
    pd.testing.assert_frame_equal(manifest, before)

    assert list(table.columns) == [*KEPT, *LOGITS]
    seen = manifest["split"].isin(["val", "test", "external"])
    expected = manifest.loc[seen, KEPT].reset_index(drop=True)
    pd.testing.assert_frame_equal(table[KEPT], expected)
    assert (table[LOGITS].dtypes == np.float32).all()


def test_each_image_gets_its_own_pixels_logits(
    classifier: Weights, manifest: pd.DataFrame, store: ImageStore
) -> None:
    shuffled = manifest.iloc[::-1]
    one, other = (
        predict_held_out(classifier, table, store, EVALUATE).set_index("image_id").sort_index()
        for table in (manifest, shuffled)
    )
    # bf16 kernels sum in another order where a batch has another size.
    np.testing.assert_allclose(one[LOGITS], other[LOGITS], atol=0.05)
    assert one[LOGITS].drop_duplicates().shape[0] == len(one)


def test_the_rule_is_chosen_on_validation_rows_alone(
    logits: pd.DataFrame, classifier: Weights, rule: dict[str, Any]
) -> None:
    assert choose_decision_rule(logits[logits["split"] == "val"], classifier, EVALUATE) == rule
    other = logits.copy()
    other.loc[other["split"] != "val", ["label", *LOGITS]] = ["mel", 0, 0, 9, 0]
    assert choose_decision_rule(other, classifier, EVALUATE) == rule


def test_the_rule_says_what_it_is_of_and_why_points_are_left_out(
    logits: pd.DataFrame, rule: dict[str, Any], classifier: Weights
) -> None:
    assert json.loads(json.dumps(rule, allow_nan=False)) == rule
    assert rule["classifier"] == weights_digest(classifier)
    assert rule["data_version"] == "v1"
    val = logits[logits["split"] == "val"]
    counts = val["label"].value_counts().to_dict() | {"df": 1}  # as if it had one
    shares = {code: pytest.approx(count / 41) for code, count in counts.items()}
    assert rule["chosen_on"] == {"split": "val", "images": 40, "prevalences": shares}
    assert rule["views"] == 1
    assert rule["temperature_is_fitted"]
    assert rule["temperature"] > 1.5  # the logits are far too large
    assert (rule["prior_exponent"], rule["class_offsets"]) == (0, {})
    assert list(rule["operating_points"]) == POINTS
    point = rule["operating_points"]["mel_recall_85"]
    assert (point["class"], point["recall"]) == ("mel", 0.85)
    assert point["validation"]["recall"] >= 0.85
    assert rule["operating_points"]["mel_specificity_90"]["validation"]["specificity"] >= 0.9
    assert rule["left_out"] == {
        "df_recall_50": "no validation image is of df",
        "scc_recall_50": "there is no class scc among bcc, df, mel, nv",
    }


def test_what_no_temperature_mends_keeps_its_probabilities(
    logits: pd.DataFrame, classifier: Weights, caplog: pytest.LogCaptureFixture
) -> None:
    logits[LOGITS] = 3 * np.eye(4)[[CLASSES.index(label) for label in logits["label"]]]
    rule = choose_decision_rule(logits, classifier, EVALUATE)
    assert (rule["temperature"], rule["temperature_is_fitted"]) == (1, False)
    prevalence = EVALUATE.model_copy(update={"calibration": "prevalence"})
    assert choose_decision_rule(logits, classifier, prevalence)["class_offsets"] == {}
    assert "No temperature" in caplog.text
    best = apply_decision_rule(logits, rule, CLASSES)[PROBABILITIES].max(axis=1)
    np.testing.assert_allclose(best, np.exp(3) / (np.exp(3) + 3), rtol=1e-6)


def test_predictions_are_the_rules_answers(
    logits: pd.DataFrame, rule: dict[str, Any], predictions: pd.DataFrame
) -> None:
    assert list(predictions.columns) == [*KEPT, "predicted", *PROBABILITIES, *POINTS, *SETS]
    pd.testing.assert_frame_equal(predictions[KEPT], logits[KEPT])
    assert (predictions[PROBABILITIES].dtypes == np.float32).all()
    np.testing.assert_allclose(predictions[PROBABILITIES].sum(axis=1), 1, atol=1e-6)
    best = logits[LOGITS].to_numpy().argmax(1)
    assert predictions["predicted"].tolist() == [CLASSES[number] for number in best]
    for name in POINTS:
        threshold = rule["operating_points"][name]["threshold"]
        assert (predictions[name] == (predictions["p_mel"] >= threshold)).all()


def test_thresholds_are_applied_to_the_test_split_as_they_are(
    logits: pd.DataFrame, rule: dict[str, Any], predictions: pd.DataFrame
) -> None:
    metrics = measured(logits, rule)
    for split in ("val", "test"):
        rows = predictions[predictions["split"] == split]
        melanoma = rows["label"] == "mel"
        for name in POINTS:
            called = rows[name]
            expected = {
                "recall": called[melanoma].mean(),
                "specificity": 1 - called[~melanoma].mean(),
                "precision": melanoma[called].mean(),
            }
            for measure, value in expected.items():
                estimate = metrics[split][f"{name}/{measure}"]
                assert estimate.value == pytest.approx(value)
                assert (estimate.interval is not None) == (split == "test")
    for name in POINTS:
        reached = rule["operating_points"][name]["validation"]
        assert reached == {m: pytest.approx(metrics["val"][f"{name}/{m}"].value) for m in reached}
    assert not any("df_recall_50" in name or "scc" in name for name in metrics["test"])


def test_the_temperature_mends_calibration_and_both_are_told(
    logits: pd.DataFrame, rule: dict[str, Any]
) -> None:
    metrics = measured(logits, rule)
    plain = measured(logits, rule | {"temperature": 1.0})
    for split in ("val", "test"):
        for name in ("ece", "log_loss"):
            before = metrics[split][f"{name}_uncalibrated"]
            assert metrics[split][name].value < before.value == plain[split][name].value
            assert before == plain[split][f"{name}_uncalibrated"]
    for name in ("accuracy", "mel/recall", "macro_f1"):  # of the most probable class
        assert metrics["test"][name] == plain["test"][name]


def test_a_network_that_saw_classes_equally_often_is_told_how_often_they_are(
    logits: pd.DataFrame, classifier: Weights
) -> None:
    rare = logits["label"].ne("nv") & (np.arange(len(logits)) % 8 > 1)
    table = logits[~rare].copy()
    table[LOGITS] /= 4  # as sure as they may be
    rules = {
        name: choose_decision_rule(
            table, classifier, EVALUATE.model_copy(update={"calibration": name})
        )
        for name in ("temperature", "prevalence")
    }
    told = rules["prevalence"]
    assert told["prior_exponent"] > 0.3
    shares = told["chosen_on"]["prevalences"]
    for code in CLASSES:
        expected = told["prior_exponent"] * np.log(shares[code])
        assert told["class_offsets"][code] == pytest.approx(expected)
    answers = {name: apply_decision_rule(table, rule, CLASSES) for name, rule in rules.items()}
    for split in ("val", "test"):
        rows = table["split"] == split
        said = {name: answer.loc[rows, "p_nv"].mean() for name, answer in answers.items()}
        assert said["temperature"] < said["prevalence"]
        assert said["prevalence"] == pytest.approx((table["label"] == "nv")[rows].mean(), abs=0.08)


@pytest.mark.parametrize("adjustment", [0.5, 1.0])
def test_an_adjustment_favours_what_is_rare_on_validation_and_leaves_probabilities_alone(
    logits: pd.DataFrame,
    classifier: Weights,
    rule: dict[str, Any],
    predictions: pd.DataFrame,
    adjustment: float,
) -> None:
    evaluate = EVALUATE.model_copy(update={"logit_adjustment": adjustment})
    adjusted = choose_decision_rule(logits, classifier, evaluate)
    own = {"logit_adjustment", "class_weights"}
    assert {k: v for k, v in adjusted.items() if k not in own} == {
        k: v for k, v in rule.items() if k not in own
    }
    assert rule["class_weights"] == {}
    val = logits[logits["split"] == "val"]
    counts = val["label"].value_counts()
    for code in CLASSES:  # df has no image, and counts as if it had one
        expected = (counts.get(code, 1) / (len(val) + 1)) ** -adjustment
        assert adjusted["class_weights"][code] == pytest.approx(expected)
    answers = apply_decision_rule(logits, adjusted, CLASSES)
    unchanged = [*KEPT, *PROBABILITIES, *POINTS]
    pd.testing.assert_frame_equal(answers[unchanged], predictions[unchanged])
    weights = np.array([adjusted["class_weights"][code] for code in CLASSES])
    best = (predictions[PROBABILITIES].to_numpy() * weights).argmax(1)
    assert answers["predicted"].tolist() == [CLASSES[number] for number in best]
    metrics = score_predictions(answers, logits, adjusted, evaluate, CLASSES, 1)
    test = answers[answers["split"] == "test"]
    assert metrics["test"]["accuracy"]["value"] == (test["label"] == test["predicted"]).mean()


def test_a_manifest_without_a_split_is_refused(
    classifier: Weights, manifest: pd.DataFrame, store: ImageStore
) -> None:
    with pytest.raises(ValidationError, match=r"'test'.*validate\.split\.test"):
        predict_held_out(classifier, manifest[manifest["split"] != "test"], store, EVALUATE)


def test_a_classifier_of_other_data_is_refused(
    classifier: Weights, manifest: pd.DataFrame, store: ImageStore
) -> None:
    with pytest.raises(ValidationError, match=r"data v1, but the manifest is v2.* train stage"):
        predict_held_out(classifier, manifest.assign(data_version="v2"), store, EVALUATE)
    untold = Weights(
        classifier.tensors, {k: v for k, v in classifier.config.items() if k != "data_version"}
    )
    with pytest.raises(ValidationError, match="data None, but the manifest is v1"):
        predict_held_out(untold, manifest, store, EVALUATE)


def test_a_classifier_of_another_image_size_is_refused(
    classifier: Weights, manifest: pd.DataFrame, store: ImageStore
) -> None:
    wider = describe(CLASSES, Preprocess(height=32, width=48), "torchvision")
    other = Weights(classifier.tensors, wider | {"data_version": "v1"})
    with pytest.raises(ValidationError, match=r"\(32, 48\) pixels, but image_store .*\(32, 32\)"):
        predict_held_out(other, manifest, store, EVALUATE)


def test_metrics_are_json_ready_and_name_what_the_contract_names(
    logits: pd.DataFrame, rule: dict[str, Any], predictions: pd.DataFrame
) -> None:
    metrics = measured(logits, rule)
    content = parts_to_json(metrics)
    assert json.loads(json.dumps(content, allow_nan=False)) == content
    headlines = ("accuracy", "balanced_accuracy", "macro_auc", "macro_f1", "log_loss")
    measures = (*headlines, "mel/f1", "mel/recall", "mel/precision", "mel/auc")
    at = ("mel/precision_at_recall_0.85", "mel/recall_at_specificity_0.9")
    for name in (*measures, *at):
        estimate = metrics["test"][name]
        assert estimate.low <= estimate.value <= estimate.high, name
        assert metrics["val"][name].interval is None
    assert (content["test"]["images"], content["test"]["groups"]) == (80, 40)
    melanomas = predictions["label"][40:].eq("mel").sum()
    assert metrics["test"]["mel/support"] == Estimate(melanomas, groups=melanomas / 2)
    assert metrics["test"]["mel/recall"].groups == melanomas / 2
    assert metrics["test"]["mel_recall_85/specificity"].groups == 40 - melanomas / 2
    assert metrics["test"]["macro_auc"].groups == 40
    assert metrics["test"]["mel/auc"].groups == melanomas / 2


def test_an_absent_class_has_nothing_but_its_support(
    logits: pd.DataFrame, rule: dict[str, Any]
) -> None:
    metrics = measured(logits, rule)
    for scores in metrics.values():
        of_df = {name: estimate for name, estimate in scores.items() if name.startswith("df/")}
        assert of_df == {"df/support": Estimate(0, groups=0)}


def test_test_metrics_come_from_the_test_rows_alone(
    logits: pd.DataFrame, rule: dict[str, Any], predictions: pd.DataFrame
) -> None:
    test = predictions[predictions["split"] == "test"]
    metrics = measured(logits, rule)
    accuracy = (test["label"] == test["predicted"]).mean()
    assert metrics["test"]["accuracy"].value == accuracy
    other = logits.copy()
    other.loc[other["split"] == "val", "label"] = "nv"
    assert measured(other, rule)["test"] == metrics["test"]


def test_same_seed_same_metrics_and_the_seed_moves_bounds_alone(
    logits: pd.DataFrame, rule: dict[str, Any]
) -> None:
    first, again, other = (measured(logits, rule, seed) for seed in (17, 17, 18))
    assert first == again
    assert first != other
    for part, scores in first.items():
        assert all(other[part][name].value == scores[name].value for name in scores)


def test_each_external_source_is_scored_on_its_own(
    logits: pd.DataFrame, rule: dict[str, Any]
) -> None:
    outside = logits[logits["split"] == "test"].assign(split="external")
    table = pd.concat(
        [logits, outside.assign(source="a"), outside.iloc[:40].assign(source="b")],
        ignore_index=True,
    )
    metrics = measured(table, rule, 1)
    outer, own = metrics["external/a"], metrics["test"]
    assert outer["images"].value == 80
    assert metrics["external/b"]["images"].value == 40
    for name in ("accuracy", "macro_auc", "mel/f1", "mel_recall_85/recall", "ece_uncalibrated"):
        assert (outer[name].value, outer[name].groups) == (own[name].value, own[name].groups)
        assert (outer[name].interval is None) == (name == "ece_uncalibrated")
    without = measured(logits, rule, 1)
    assert {part: metrics[part] for part in ("test", "val")} == without


def test_without_resamples_there_are_no_bounds(logits: pd.DataFrame, rule: dict[str, Any]) -> None:
    evaluate = EVALUATE.model_copy(update={"bootstrap_samples": 0})
    metrics = measured(logits, rule, evaluate=evaluate)
    assert "accuracy" in metrics["test"]
    bounded = {name for name, estimate in metrics["test"].items() if estimate.interval}
    # Shares of sets have Wilson's intervals, which need no resamples.
    assert all("coverage" in name or name.endswith("_sets") for name in bounded)


def test_other_classes_are_refused(
    logits: pd.DataFrame, rule: dict[str, Any], predictions: pd.DataFrame
) -> None:
    with pytest.raises(ParameterError, match="run the train and evaluate stages again"):
        apply_decision_rule(logits, rule, ["bcc", "nv"])
    with pytest.raises(ParameterError, match="run the train and evaluate stages again"):
        score_predictions(predictions, logits, rule, EVALUATE, ["bcc", "nv"], 17)


def test_sets_are_scored_where_they_were_not_chosen(
    logits: pd.DataFrame, classifier: Weights
) -> None:
    """Of each class below 30 lesions: they share a threshold."""
    outside = logits[logits["split"] == "test"].assign(split="external", source="b")
    outside["label"] = "df"  # of which validation has none
    table = pd.concat([logits, outside], ignore_index=True)
    rule = choose_decision_rule(table, classifier, EVALUATE)
    (cell,) = rule["sets"]["cells"]
    assert (cell["classes"], cell["lesions"], cell["shared"]) == (CLASSES, 20, True)
    assert rule["sets"]["calibration_images_chose_the_epoch"]
    predictions = apply_decision_rule(table, rule, CLASSES)
    for code in CLASSES:
        expected = predictions[f"p_{code}"] >= cell["threshold"]
        assert (predictions[f"in_set_{code}"] == expected).all()
    metrics = measured(table, rule)
    assert not any("coverage" in name for name in metrics["val"])
    test = predictions[predictions["split"] == "test"]
    held = [row[f"in_set_{row['label']}"] for _, row in test.iterrows()]
    assert metrics["test"]["coverage"].value == np.mean(held)
    assert metrics["test"]["small-classes/coverage_in_band"].value == 1
    assert metrics["test"]["sets_chose_epoch"].value == 1
    assert metrics["external/b"]["df/coverage"].value < 0.5
    assert metrics["external/b"]["coverage_in_band"].value == 0
