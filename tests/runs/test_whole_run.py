"""``kedro run`` from raw images to a registered model, for real, in seconds."""

import json

import pandas as pd
import pytest
from mlflow import MlflowClient

from dermaflow.ml.evaluation.decision_rule import DecisionRule
from dermaflow.ml.models.weights import load_weights, weights_digest
from dermaflow.schema import SPLITS, STAGES, with_drawings
from dermaflow.tracking.metric_names import read_scores
from dermaflow.versioning.stages.fingerprint import hash_path

CLASSES = ["akiec", "bcc", "bkl", "df", "mel", "nv", "vasc"]


@pytest.fixture(scope="module")
def data(finished):
    return finished.folder / "data" / "smoke"


@pytest.fixture(scope="module")
def run(finished):
    client = MlflowClient(finished.tracking_uri)
    experiment = client.get_experiment_by_name("dermaflow-smoke")
    runs = client.search_runs([experiment.experiment_id])
    assert len(runs) == 1
    return runs[0]


def test_manifest_and_quarantine_hold_every_row_and_file(data):
    manifest = pd.read_parquet(data / "03_primary/manifest.parquet")
    quarantine = pd.read_parquet(data / "03_primary/quarantine.parquet")
    records = pd.read_parquet(data / "02_intermediate/raw_records.parquet")
    unlisted = json.loads((data / "02_intermediate/unlisted_files.json").read_text())
    assert len(manifest) + len(quarantine) == len(records) + sum(map(len, unlisted.values()))
    assert len(quarantine) >= 8  # the planted faults
    assert quarantine["reason"].str.len().gt(0).all()
    assert manifest.groupby("lesion_id")["split"].nunique().max() == 1
    sides = manifest.groupby("source")["split"].unique().map(set).to_dict()
    assert sides == {"phantoms": {"train", "val", "test"}, "elsewhere": {"external"}}


def test_predictions_are_probabilities_of_held_out_images(data):
    manifest = pd.read_parquet(data / "03_primary/manifest.parquet").set_index("image_id")
    predictions = pd.read_parquet(data / "07_model_output/predictions.parquet")
    held_out = manifest[manifest["split"] != "train"]
    assert set(predictions["image_id"]) == set(held_out.index)
    assert (predictions.set_index("image_id")["label"] == held_out["label"]).all()
    sums = predictions[[f"p_{code}" for code in CLASSES]].sum(axis=1)
    assert sums.to_numpy() == pytest.approx(1, abs=1e-5)


def test_synthetic_images_are_of_the_training_split_only(data):
    synthetic = pd.read_parquet(data / "05_model_input/synthetic_manifest.parquet")
    assert len(synthetic) > 0
    assert set(synthetic["split"]) == {"train"}


def test_thresholds_are_of_this_classifier_and_this_data_and_predictions_follow_them(data):
    rule = json.loads((data / "07_model_output/decision_rule.json").read_text())
    manifest = pd.read_parquet(data / "03_primary/manifest.parquet")
    predictions = pd.read_parquet(data / "07_model_output/predictions.parquet")
    assert rule["data_version"] == manifest["data_version"].iloc[0]
    assert rule["chosen_on"]["images"] == manifest["split"].eq("val").sum()
    DecisionRule.from_dict(rule).require_same(
        weights_digest(load_weights(data / "06_models/classifier"))
    )
    assert rule["operating_points"]
    for name, point in rule["operating_points"].items():
        expected = predictions[f"p_{point['class']}"] >= point["threshold"]
        assert (predictions[name] == expected).all()


def test_the_run_holds_parameters_metrics_curves_and_tags(finished, run):
    assert run.info.status == "FINISHED"
    assert run.data.params["train.epochs"] == "2"
    assert run.data.params["train.backbone.weights"] == "scratch"
    metrics = run.data.metrics
    test, elsewhere = (read_scores(metrics, part) for part in ("test", "external/elsewhere"))
    for name in ("accuracy", "balanced_accuracy", "macro_auc", "macro_f1", "mel/recall"):
        assert test[name].low <= test[name].value <= test[name].high, name
    # A network that calls nothing melanoma has an F1 of 0, which no resample moves.
    assert test["mel/f1"].not_estimable == (test["mel/f1"].interval is None)
    assert elsewhere["images"].value == 20
    assert 0 <= elsewhere["accuracy"].low <= 1
    client = MlflowClient(finished.tracking_uri)
    for curve in ("train/loss", "train/val_balanced_accuracy", "gan/df_generator_loss"):
        steps = [point.step for point in client.get_metric_history(run.info.run_id, curve)]
        assert len(steps) >= 2, curve
        assert steps == sorted(set(steps)), curve
    assert metrics["train/images_per_s"] > 0
    assert metrics["train/peak_memory_gib"] > 0
    assert run.data.tags["env"] == "smoke"
    assert run.data.tags["command"] == "kedro run --env smoke"


def test_a_log_file_is_not_filled_with_progress(finished):
    assert "train: no outputs yet" in finished.output
    assert "%|" not in finished.output
    assert "\r" not in finished.output


def test_the_run_says_what_it_was_made_from(finished, run, data):
    tags = run.data.tags
    manifest = data / "03_primary/manifest.parquet"
    assert tags["md5.manifest"] == hash_path(manifest)
    assert tags["md5.classifier"] == hash_path(data / "06_models/classifier")
    assert tags["data_version"] == pd.read_parquet(manifest)["data_version"].unique().item()
    named = {one.dataset.name: one.dataset.digest for one in run.inputs.dataset_inputs}
    assert named.keys() == {*(f"phantoms {split}" for split in SPLITS), "elsewhere external"}
    assert {named[f"phantoms {split}"] for split in SPLITS} == {tags["data_version"]}
    assert tags["stages"] == "+".join(STAGES)
    text = tags["mlflow.note.content"]
    assert f"| Accuracy | {run.data.metrics['test/accuracy']:.3f} |" in text
    assert tags["data_version"] in text
    expected = sorted(f"{stage}.json" for stage in with_drawings(STAGES))
    assert sorted(finished.artifacts(run, "versions")) == expected


def test_pictures_and_data_docs_are_in_the_run(finished, run):
    client = MlflowClient(finished.tracking_uri)

    def names(folder):
        return [item.path for item in client.list_artifacts(run.info.run_id, folder)]

    assert "validation/data_docs/index.html" in names("validation/data_docs")
    for folder in ("evaluation", "explanations", "augmentation", "training"):
        assert any(path.endswith(".png") for path in _walk(names, folder)), folder


def _walk(names, folder):
    for path in names(folder):
        yield path
        if "." not in path.rsplit("/", 1)[-1]:
            yield from _walk(names, path)


def test_the_screen_stays_short_and_the_log_file_is_full(finished):
    lines = [
        line for line in finished.output.splitlines() if "Traceback" in line or "DEBUG" in line
    ]
    assert lines == []
    assert "Registered models:/dermaflow-smoke/1" in finished.output
    log = (finished.folder / "logs" / "dermaflow.log").read_text()
    assert "Registered models:/dermaflow-smoke/1" in log


def test_a_second_run_of_one_stage_gives_the_same_bytes(finished, data):
    store = data / "02_intermediate/image_store/shard-00000.npy"
    manifest = data / "03_primary/manifest.parquet"
    before = store.read_bytes(), manifest.read_bytes()
    finished.run("kedro", "run", "--env", "smoke", "--pipelines", "ingest,validate")
    assert (store.read_bytes(), manifest.read_bytes()) == before


@pytest.mark.parametrize(
    ("params", "message", "code"),
    [
        ("train.epoch=3", "Error: train.epoch: unknown key; did you mean 'epochs'?", 3),
        ("train.epochs=0", "Error: train.epochs: Input should be greater than 0, not 0", 3),
        ("ingest.train=ham10000", "Error: there is no folder data/01_raw/ham10000", 4),
    ],
)
def test_a_users_error_is_one_line_with_its_own_code(finished, params, message, code):
    command = ("kedro", "run", "--env", "smoke", "--pipelines", "ingest", "--params", params)
    done = finished.run(*command, check=False)
    assert done.returncode == code
    assert done.stdout.strip().splitlines()[-1].startswith(message)
    assert "Traceback" not in done.stdout
    log = (finished.folder / "logs" / "dermaflow.log").read_text()
    assert message.removeprefix("Error: ") in log[log.rindex("Traceback") :]
