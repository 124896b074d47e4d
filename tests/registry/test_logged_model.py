"""A model logged to a run of a real store: what links the two, and how often the store is asked."""

import mlflow
import pytest
import requests

from dermaflow.registry.logged_model import log_saved_model


@pytest.fixture
def log(client, experiment, tmp_path):
    """Log a model of a run with some metrics; gives the model and the run's id."""

    def make(metrics, logged=None, save=None):
        folder = tmp_path / "model"
        folder.mkdir(exist_ok=True)
        run_id = experiment.make_run(
            metrics=metrics if logged is None else logged, parameters={"train.epochs": "3"}
        )
        save = save or (lambda model: model.save(folder / "MLmodel"))
        return log_saved_model(client, run_id, folder, list(metrics), save), run_id

    return make


def test_a_model_has_its_runs_parameters_and_those_metrics_that_are_named(client, experiment, log):
    model, run_id = log({"test/auc": 0.9}, {"test/auc": 0.9, "train/loss": 0.5})
    assert model.status == "READY"
    assert (model.source_run_id, model.experiment_id) == (run_id, experiment.id)
    found = client.get_logged_model(model.model_id)
    assert found.params == {"train.epochs": "3"}
    assert [(metric.key, metric.value, metric.run_id) for metric in found.metrics] == [
        ("test/auc", 0.9, run_id)
    ]
    (output,) = client.get_run(run_id).outputs.model_outputs
    assert output.model_id == model.model_id
    # The run has its point once, though it was linked with the model.
    assert [point.value for point in client.get_metric_history(run_id, "test/auc")] == [0.9]
    saved = mlflow.models.Model.load(model.model_uri)
    assert (saved.model_id, saved.run_id) == (model.model_id, run_id)


def test_a_run_gets_no_metrics_that_it_did_not_log(client, log):
    model, run_id = log({"test/auc": 0.9}, {"train/loss": 0.5})
    assert client.get_run(run_id).data.metrics == {"train/loss": 0.5}
    assert not client.get_logged_model(model.model_id).metrics


def test_a_model_that_cannot_be_saved_is_marked_as_failed(client, log):
    begun = []

    def refuse(model):
        begun.append(model.model_id)
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space left"):
        log({"test/auc": 0.9}, save=refuse)
    assert client.get_logged_model(*begun).status == "FAILED"


@pytest.mark.parametrize("store", ["postgresql"], indirect=True)
def test_a_server_is_asked_as_often_whatever_the_number_of_metrics(log, monkeypatch):
    """MLflow's own way takes a request a metric, and a password is checked at each."""
    asked, send = [], requests.Session.send
    monkeypatch.setattr(
        requests.Session, "send", lambda *a, **named: asked.append(a[1].url) or send(*a, **named)
    )
    counts = []
    for number in (3, 300):
        asked.clear()
        log({f"test/m{place}": float(place) for place in range(number)})
        counts.append(len(asked))
    assert counts[0] == counts[1] < 20
