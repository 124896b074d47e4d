"""Phantoms are told apart by structure: the default run learns them, and only from true labels."""

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from dermaflow.data.images.image_store import ImageStore
from dermaflow.ml.evaluation.estimate import parts_from_json

pytestmark = pytest.mark.slow
CLASSES = ["akiec", "bcc", "bkl", "df", "mel", "nv", "vasc"]


@pytest.fixture(scope="module")
def default_run(make_project):
    project = make_project()
    project.run("kedro", "run")
    return project.folder


def read_metrics(folder):
    """Values of the test split."""
    metrics = json.loads((folder / "data/08_reporting/metrics.json").read_text())
    return {name: estimate.value for name, estimate in parts_from_json(metrics)["test"].items()}


def test_the_default_run_tells_the_classes_apart(default_run):
    metrics = read_metrics(default_run)
    assert min(metrics[f"{code}/support"] for code in CLASSES) >= 8
    assert metrics["macro_f1"] >= 0.85


def test_mean_colour_does_not(default_run):
    manifest = pd.read_parquet(default_run / "data/03_primary/manifest.parquet")
    store = ImageStore(default_run / "data/02_intermediate/image_store")

    def colours(rows):
        pixels = store.read(rows["image_id"].tolist())
        return pixels.reshape(len(rows), -1, 3).mean(axis=1)

    train, test = (manifest[manifest["split"] == split] for split in ("train", "test"))
    model = make_pipeline(
        StandardScaler(), LogisticRegression(max_iter=1000, class_weight="balanced")
    )
    model.fit(colours(train), train["label"])
    assert f1_score(test["label"], model.predict(colours(test)), average="macro") <= 0.5


def test_shuffled_training_labels_teach_nothing(make_project):
    project = make_project()
    project.run("kedro", "run", "--pipelines", "ingest,validate")
    path = project.folder / "data/03_primary/manifest.parquet"
    manifest = pd.read_parquet(path)
    train = manifest["split"] == "train"
    shuffled = np.random.default_rng(3).permutation(manifest.loc[train, "label"])
    manifest.loc[train, "label"] = shuffled
    manifest.to_parquet(path)
    stages = ("--pipelines", "augment,train,evaluate", "--params", "augment.strategy=none")
    project.run("kedro", "run", *stages)
    assert read_metrics(project.folder)["balanced_accuracy"] <= 0.25
