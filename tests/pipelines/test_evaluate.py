"""The evaluate stage on a real, untrained network and on made-up predictions."""

import json
import subprocess
import sys
from pathlib import Path
from typing import get_type_hints

import numpy as np
import pandas as pd
import pytest
import torch

from dermaflow.errors import ParameterError, ValidationError
from dermaflow.ml.classifier import build_resnet50, describe
from dermaflow.ml.image_store import ImageBatch, ImageStore, StoredImage, write_image_store
from dermaflow.ml.preprocess import Preprocess
from dermaflow.ml.weights import Weights
from dermaflow.params import EvaluateParams
from dermaflow.pipelines.evaluate import create_pipeline
from dermaflow.pipelines.evaluate.nodes import (
    draw_evaluation,
    predict_held_out,
    score_predictions,
)

CLASSES = ["bcc", "df", "mel", "nv"]
EVALUATE = EvaluateParams(batch_size=3, bootstrap_samples=100, confidence=0.9, calibration_bins=10)


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
            "split": ["train"] * 4 + ["test"] * 4 + ["val"] * 4,
            "source": "drawn",
            "data_version": "v1",
        }
    )
    return table.sample(frac=1, random_state=1)


@pytest.fixture
def predictions() -> pd.DataFrame:
    """No image of df; two images a group; some skill."""
    rng = np.random.default_rng(0)
    labels = np.repeat(rng.choice([0, 2, 3], 60), 2)
    logits = rng.normal(size=(120, 4)) + 1.5 * np.eye(4)[labels]
    probabilities = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    table = pd.DataFrame(
        {
            "image_id": [f"i{number}" for number in range(120)],
            "group_id": [f"g{number // 2}" for number in range(120)],
            "source": "drawn",
            "label": np.array(CLASSES, dtype=object)[labels],
            "split": ["val"] * 40 + ["test"] * 80,
            "predicted": np.array(CLASSES, dtype=object)[probabilities.argmax(1)],
        }
    )
    table[[f"p_{code}" for code in CLASSES]] = probabilities.astype(np.float32)
    return table


def test_predicts_the_held_out_images_in_the_manifests_order(
    classifier: Weights, manifest: pd.DataFrame, store: ImageStore
) -> None:
    before = manifest.copy()
    table = predict_held_out(classifier, manifest, store, EVALUATE)
    pd.testing.assert_frame_equal(manifest, before)

    probabilities = [f"p_{code}" for code in CLASSES]
    kept = ["image_id", "group_id", "source", "label", "split"]
    assert list(table.columns) == [*kept, "predicted", *probabilities]
    expected = manifest.loc[manifest["split"] != "train", kept].reset_index(drop=True)
    pd.testing.assert_frame_equal(table[kept], expected)
    assert (table[probabilities].dtypes == np.float32).all()
    np.testing.assert_allclose(table[probabilities].sum(axis=1), 1, atol=1e-6)
    best = table[probabilities].to_numpy().argmax(1)
    assert table["predicted"].tolist() == [CLASSES[number] for number in best]


def test_each_image_gets_its_own_pixels_probabilities(
    classifier: Weights, manifest: pd.DataFrame, store: ImageStore
) -> None:
    shuffled = manifest.iloc[::-1]
    one, other = (
        predict_held_out(classifier, table, store, EVALUATE).set_index("image_id").sort_index()
        for table in (manifest, shuffled)
    )
    columns = [f"p_{code}" for code in CLASSES]
    # bf16 kernels sum in another order where a batch has another size.
    np.testing.assert_allclose(one[columns], other[columns], atol=0.02)
    assert one[columns].drop_duplicates().shape[0] == len(one)


def test_a_manifest_without_a_split_is_refused(
    classifier: Weights, manifest: pd.DataFrame, store: ImageStore
) -> None:
    with pytest.raises(ValidationError, match=r"'test'.*validate\.split\.test"):
        predict_held_out(classifier, manifest[manifest["split"] != "test"], store, EVALUATE)


def test_metrics_are_json_ready_and_name_what_the_contract_names(
    predictions: pd.DataFrame,
) -> None:
    metrics = score_predictions(predictions, EVALUATE, CLASSES, 17)
    assert json.loads(json.dumps(metrics, allow_nan=False)) == metrics
    assert all(type(value) is float for value in metrics.values())
    headlines = ("accuracy", "balanced_accuracy", "macro_auc", "macro_f1", "log_loss")
    measures = (*headlines, "mel/f1", "mel/recall", "mel/precision", "mel/auc")
    for name in (*measures, "mel/precision_at_recall_0.85"):
        low, value, high = (metrics[f"test/{name}{end}"] for end in ("_low", "", "_high"))
        assert low <= value <= high, name
        assert f"val/{name}" in metrics
    assert metrics["test/images"] == 80
    assert metrics["test/groups"] == 40
    assert metrics["test/mel/support"] == predictions["label"][40:].eq("mel").sum()
    assert not any(name.startswith("val/") and name.endswith("_low") for name in metrics)


def test_an_absent_class_has_nothing_but_its_support(predictions: pd.DataFrame) -> None:
    metrics = score_predictions(predictions, EVALUATE, CLASSES, 17)
    of_df = {name: value for name, value in metrics.items() if "/df/" in name}
    assert of_df == {"test/df/support": 0, "val/df/support": 0}


def test_test_metrics_come_from_the_test_rows_alone(predictions: pd.DataFrame) -> None:
    test = predictions[predictions["split"] == "test"]
    metrics = score_predictions(predictions, EVALUATE, CLASSES, 17)
    assert metrics["test/accuracy"] == (test["label"] == test["predicted"]).mean()
    other = predictions.copy()
    other.loc[other["split"] == "val", "label"] = "nv"
    changed = score_predictions(other, EVALUATE, CLASSES, 17)
    kept = {k: v for k, v in changed.items() if k.startswith("test/")}
    assert kept == {k: v for k, v in metrics.items() if k.startswith("test/")}


def test_same_seed_same_metrics_and_the_seed_moves_bounds_alone(
    predictions: pd.DataFrame,
) -> None:
    first, again, other = (
        score_predictions(predictions, EVALUATE, CLASSES, seed) for seed in (17, 17, 18)
    )
    assert first == again
    moved = {name for name in first if first[name] != other[name]}
    assert moved
    assert all(name.endswith(("_low", "_high")) for name in moved)


def test_each_external_source_is_scored_on_its_own(predictions: pd.DataFrame) -> None:
    outside = predictions[predictions["split"] == "test"].assign(split="external")
    table = pd.concat(
        [predictions, outside.assign(source="a"), outside.iloc[:40].assign(source="b")],
        ignore_index=True,
    )
    metrics = score_predictions(table, EVALUATE, CLASSES, 1)
    assert metrics["external/a/images"] == 80
    assert metrics["external/b/images"] == 40
    for name in ("accuracy", "macro_auc", "mel/f1"):
        assert metrics[f"external/a/{name}"] == metrics[f"test/{name}"]
        assert f"external/a/{name}_low" in metrics
    without = score_predictions(predictions, EVALUATE, CLASSES, 1)
    assert {k: v for k, v in metrics.items() if not k.startswith("external/")} == without


def test_without_resamples_there_are_no_bounds(predictions: pd.DataFrame) -> None:
    evaluate = EVALUATE.model_copy(update={"bootstrap_samples": 0})
    metrics = score_predictions(predictions, evaluate, CLASSES, 17)
    assert "test/accuracy" in metrics
    assert not any(name.endswith(("_low", "_high")) for name in metrics)


def test_predictions_of_other_classes_are_refused(predictions: pd.DataFrame) -> None:
    with pytest.raises(ParameterError, match="run the train and evaluate stages again"):
        score_predictions(predictions, EVALUATE, ["bcc", "nv"], 17)


def test_figures_in_reading_order(predictions: pd.DataFrame) -> None:
    before = predictions.copy()
    metrics = score_predictions(predictions, EVALUATE, CLASSES, 17)
    figures = draw_evaluation(predictions, metrics, EVALUATE, CLASSES)
    pd.testing.assert_frame_equal(predictions, before)
    assert list(figures) == [
        "01_summary.png",
        "02_confusion_matrix.png",
        "03_roc.png",
        "04_precision_recall.png",
        "05_reliability.png",
    ]


def test_pipeline_takes_and_gives_what_the_catalog_names() -> None:
    pipeline = create_pipeline()
    assert pipeline.inputs() == {
        "classifier",
        "manifest",
        "image_store",
        "params:evaluate",
        "classes",
        "params:seed",
    }
    assert pipeline.outputs() == {"evaluation_figures"}
    assert pipeline.all_outputs() == {"predictions", "metrics", "evaluation_figures"}


def test_kedro_can_read_every_nodes_annotations() -> None:
    # Where a name is unknown at run time, Kedro passes parameters on as unchecked dictionaries.
    for node in create_pipeline().nodes:
        assert "return" in get_type_hints(node.func)


def test_wiring_loads_no_heavy_library() -> None:
    source = Path(__file__).parents[2] / "src"
    code = (
        f"import sys; sys.path.insert(0, {str(source)!r}); "
        "import dermaflow.pipelines.evaluate; "
        "print(*sorted({'torch', 'matplotlib.pyplot', 'sklearn'} & set(sys.modules)))"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert loaded.stdout.strip() == ""
