"""The table of a search, its best trial, and the recipe as ``conf`` would have it."""

import optuna
import pytest

from dermaflow.errors import TrainingError
from dermaflow.experiments.search.halving_study import STATES
from dermaflow.experiments.search.trials import best_trial, count, tabulate
from dermaflow.params.search import SearchParams
from experiments.search.studies import SEARCH, SPACE, go_through, quality


def make_trial(number, state, metric):
    """A trial that is over, at a learning rate of its number."""
    trial = optuna.trial.create_trial(
        state=STATES[state],
        value=metric[-1] if state == "finished" else None,
        params={"learning_rate": float(number)},
        distributions={"learning_rate": optuna.distributions.FloatDistribution(0.5, 5)},
        intermediate_values=dict(enumerate(metric, 1)),
    )
    trial.number = number - 1
    return trial


@pytest.fixture
def loss_search():
    space = {"learning_rate": {"low": 0.5, "high": 5}}
    return SearchParams.model_validate(SEARCH.model_dump() | {"metric": "val_loss", "space": space})


def test_the_table_the_best_and_the_counts(tmp_path):
    table = tabulate(go_through(tmp_path), SEARCH)
    assert list(table.columns[:7]) == ["trial", "state", "epochs", "value", *SPACE]
    assert list(table.columns[7:]) == [f"epoch_{number}" for number in range(1, 5)]
    assert table["trial"].tolist() == list(range(1, SEARCH.trials + 1))
    finished = table[table["state"] == "finished"]
    best = best_trial(table, SEARCH)
    assert best["value"] == finished["value"].max() == best["epoch_4"]
    figures = count(table, SEARCH)["search"]
    assert figures["best"] == best["value"]
    as_it_stands = {"learning_rate": 0.05, "loss.focal_gamma": 0.0}
    assert figures["as_it_stands"] == pytest.approx(quality(as_it_stands) + 0.04)
    states = ("finished", "halved", "failed")
    assert sum(figures[state] for state in states) == SEARCH.trials
    assert figures["epochs"] == table[list(table.columns[7:])].notna().sum().sum()


def test_less_of_a_loss_is_better_and_the_best_epoch_counts(loss_search):
    metrics = [[0.5], [0.3, 0.6], [0.4]]
    done = [make_trial(n, "finished", metric) for n, metric in enumerate(metrics, 1)]
    table = tabulate(done, loss_search)
    assert table["value"].tolist() == [0.5, 0.3, 0.4]
    assert best_trial(table, loss_search)["trial"] == 2


def test_a_search_without_a_finished_trial_has_no_best(loss_search):
    table = tabulate([make_trial(1, "failed", []), make_trial(2, "halved", [0.5])], loss_search)
    assert table["epochs"].tolist() == [0, 1]
    assert table["value"].isna().tolist() == [True, False]
    with pytest.raises(TrainingError, match="no trial of the search"):
        best_trial(table, loss_search)
