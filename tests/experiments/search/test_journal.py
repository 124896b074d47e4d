"""Optuna finds in the journal what was committed, and nothing of what came after."""

import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.trial import TrialState

from dermaflow.experiments.search.journal import CheckpointJournal
from dermaflow.ml.training.checkpoints import Checkpoints


@pytest.fixture
def open_study(tmp_path):
    """Another process: its journal, and its study."""

    def open_journal():
        journal = CheckpointJournal(Checkpoints(tmp_path, {"run": "a"}))
        storage = JournalStorage(journal)
        return journal, optuna.create_study(study_name="s", storage=storage, load_if_exists=True)

    return open_journal


def test_a_committed_trial_is_found_as_it_was(open_study):
    journal, study = open_study()
    trial = study.ask()
    x = trial.suggest_float("x", 1e-5, 1, log=True)
    trial.set_user_attr("steps", [10])
    trial.report(1 / 3, 1)
    journal.commit()
    (found,) = open_study()[1].trials
    assert found.state is TrialState.RUNNING
    assert found.params == {"x": x}
    assert found.user_attrs == {"steps": [10]}
    assert found.intermediate_values == {1: 1 / 3}


def test_what_was_not_committed_is_lost_whole(open_study):
    journal, study = open_study()
    study.tell(study.ask(), 1.0)
    journal.commit()
    study.ask().suggest_float("x", 0, 1)
    (found,) = open_study()[1].trials
    assert found.state is TrialState.COMPLETE


def test_another_process_adds_to_what_it_found(open_study):
    for value in (1.0, 2.0, 3.0):
        journal, study = open_study()
        study.tell(study.ask(), value)
        journal.commit()
    assert [trial.value for trial in open_study()[1].trials] == [1.0, 2.0, 3.0]


def test_optuna_cannot_change_operations_that_it_was_given(tmp_path):
    journal = CheckpointJournal(Checkpoints(tmp_path, {"run": "a"}))
    journal.append_logs([{"number": 0}, {"number": 1, "values": [1]}])
    (operation,) = journal.read_logs(1)
    operation["values"].append(2)
    assert list(journal.read_logs(1)) == [{"number": 1, "values": [1]}]
