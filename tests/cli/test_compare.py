"""``kedro compare`` on real runs in a real SQLite store."""

import json

import numpy as np
import pandas as pd
import pytest
from mlflow.entities import Metric, Param, RunTag

from dermaflow.ml.evaluation.estimate import Estimate
from dermaflow.tracking.metric_names import name_metrics

PARAMETERS = {
    "evaluate.bootstrap_samples": "100",
    "evaluate.least_groups": "2",
    "evaluate.confidence": "0.95",
    "seed": "17",
    "train.epochs": "2",
}
GROUPS = 30


def predict(right):
    """Two images a group; the first ``right`` groups of the test split are predicted rightly."""
    group = np.repeat(np.arange(GROUPS), 2)
    truth = group % 3
    said = np.where(group < right, truth, (truth + 1) % 3)
    codes = np.array(["bcc", "mel", "nv"], dtype=object)
    table = pd.DataFrame(0.8 * np.eye(3)[said] + 0.2 / 3, columns=["p_bcc", "p_mel", "p_nv"])
    return table.assign(
        image_id=[f"i{number}" for number in range(2 * GROUPS)],
        group_id=[f"g{number}" for number in group],
        label=codes[truth],
        predicted=codes[said],
        split="test",
    )


@pytest.fixture(scope="module")
def runs(client, tmp_path_factory):
    """Ids of two finished runs and a failed one that left nothing, oldest first."""
    experiment = client.get_experiment_by_name("dermaflow-base").experiment_id
    folder = tmp_path_factory.mktemp("artifacts")

    def log(name, start, status, metrics=(), parameters=(), tags=(), right=None):
        run = client.create_run(experiment, start_time=start, run_name=name)
        run_id = run.info.run_id
        client.log_batch(run_id, metrics, parameters, tags)
        if right is not None:
            predict(right).to_parquet(folder / "predictions.parquet")
            client.log_artifact(run_id, folder / "predictions.parquet", "evaluation")
            (folder / "split_report.json").write_text(json.dumps({"data_version": "d1"}))
            client.log_artifact(run_id, folder / "split_report.json", "validation")
        client.set_terminated(run_id, status, end_time=start + 65_000)
        return run_id

    def figures(accuracy):
        scores = {"accuracy": Estimate(accuracy, accuracy - 0.1, accuracy + 0.1)}
        named = name_metrics({"test": scores})
        values = [Metric(name, value, 1, 0) for name, value in named.items()]
        return values + [Metric("train/loss", 2 - step, 1, step) for step in range(2)]

    def parameters(**changes):
        return [Param(key, value) for key, value in {**PARAMETERS, **changes}.items()]

    tags = [RunTag("mlflow.source.git.commit", "c0ffee" * 6), RunTag("git_dirty", "true")]
    hostile = "<script>alert(1)</script>"
    return [
        log("first", 1_000_000, "FINISHED", figures(0.5), parameters(), tags, right=15),
        log(
            hostile, 2_000_000, "FINISHED", figures(0.7), parameters(**{"train.epochs": "4"}),
            tags, right=21,
        ),
        log("cut short", 3_000_000, "FAILED"),
    ]  # fmt: skip


def test_two_runs_are_set_against_each_other(kedro, runs, tmp_path):
    page = tmp_path / "page.html"
    done = kedro("compare", "first", runs[1][:12], "--output", page)
    assert done.exit_code == 0, done.output
    lines = [" ".join(line.split()) for line in done.output.splitlines()]
    assert "train.epochs 2 4" in lines
    assert not any("evaluate.confidence" in line for line in lines)
    row = next(line for line in lines if line.startswith("Accuracy"))
    assert row.startswith("Accuracy 0.500 [0.400, 0.600] 0.700 [0.600, 0.800] +0.200 [+0.")
    assert row.endswith("*")
    assert any("60 test images of 30 groups in common" in line for line in lines)
    assert "commit c0ffeec0 with changes" in done.output
    assert done.output.rstrip().endswith(f"Wrote {page}")
    text = page.read_text()
    assert "<script" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert text.count("data:image/svg+xml") == 4


def test_a_failed_run_is_shown_with_what_it_lacks(kedro, runs, tmp_path):
    page = tmp_path / "page.html"
    done = kedro("compare", "latest~2", "latest", "--output", page)
    assert done.exit_code == 0, done.output
    for text in (
        "FAILED",
        "! There is no paired difference: B left no predictions.",
        "! B: It logged no metrics of the test split.",
        "! B: It has no evaluation/predictions.parquet.",
        "! B: It logged no training curves.",
        "! B: It does not say which version of the data it used.",
    ):
        assert text in done.output
    assert page.read_text().count("data:image/svg+xml") == 2  # the first run's own


def test_a_damaged_table_is_named_and_no_crash(kedro, client, runs, tmp_path):
    experiment = client.get_experiment_by_name("dermaflow-base").experiment_id
    damaged = client.create_run(experiment, start_time=1, run_name="damaged").info.run_id
    (tmp_path / "predictions.parquet").write_text("no table")
    client.log_artifact(damaged, tmp_path / "predictions.parquet", "evaluation")
    done = kedro("compare", "first", "damaged", "--output", tmp_path / "page.html")
    client.delete_run(damaged)
    assert done.exit_code == 0, done.output
    assert "! B: Its evaluation/predictions.parquet cannot be read." in done.output


@pytest.mark.parametrize("name", ["crossval", "crossval_LEAKING"])
def test_folds_are_compared_on_the_images_that_both_tested(kedro, client, runs, tmp_path, name):
    experiment = client.get_experiment_by_name("dermaflow-base").experiment_id
    run_id = client.create_run(experiment, start_time=1, run_name=name).info.run_id
    figures = {f"{name}/accuracy": 0.8, f"{name}_folds/mean/accuracy": 0.1}
    parameters = [Param(key, value) for key, value in PARAMETERS.items()]
    client.log_batch(run_id, [Metric(key, v, 1, 0) for key, v in figures.items()], parameters)
    predict(24).assign(fold=1).to_parquet(tmp_path / "crossval_predictions.parquet")
    client.log_artifact(run_id, tmp_path / "crossval_predictions.parquet", "crossval")
    done = kedro("compare", "first", name, "--output", tmp_path / "page.html")
    client.delete_run(run_id)
    assert done.exit_code == 0, done.output
    row = next(line for line in done.output.splitlines() if line.strip().startswith("Accuracy"))
    assert " ".join(row.split()).startswith("Accuracy 0.500 [0.400, 0.600] 0.800 +0.300 [+0.")
    assert "60 test images of 30 groups in common" in done.output
    assert "! A is a test split and B is a " in done.output
    assert ("! B is LEAKING: " in done.output) == (name == "crossval_LEAKING")
    assert "B: It logged no" not in done.output


def test_a_run_of_another_environment_is_compared_by_its_id(kedro, client, runs, tmp_path):
    other = client.create_experiment("dermaflow-clinic", (tmp_path / "clinic").as_uri())
    run_id = client.create_run(other, start_time=1, run_name="elsewhere").info.run_id
    done = kedro("compare", "first", run_id[:12], "--output", tmp_path / "page.html")
    client.delete_experiment(other)
    assert done.exit_code == 0, done.output
    assert "2 runs of the experiment dermaflow-base, dermaflow-clinic" in done.output


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("first", "frist"), "no run goes by 'frist'; near: {0} (first) (`make ui` lists all)"),
        (("first", "zzzz"), "no run goes by 'zzzz'; newest: {2} (cut short)"),
        (("first", "latest~9"), "latest~9: there are only 3 runs; newest: {2} (cut short)"),
        (("first", "latest~2"), "is named twice"),
    ],
)
def test_an_unknown_run_is_one_line_with_its_own_code(kedro, runs, names, message):
    done = kedro("compare", *names)
    assert done.exit_code == 13
    assert message.format(*(run_id[:8] for run_id in runs)) in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_one_run_is_not_enough(kedro, runs):
    done = kedro("compare", "first")
    assert done.exit_code == 2
    assert "name 2 to 7 runs, not 1" in done.stderr


def test_a_store_that_is_not_there_is_not_made(kedro, tmp_path):
    done = kedro("compare", "latest", "latest~1", uri=f"sqlite:///{tmp_path}/no.db")
    assert done.exit_code == 13
    assert f"there is no tracking store {tmp_path}/no.db" in done.stderr
    assert not (tmp_path / "no.db").exists()
