"""Successive halving by Optuna, which goes on where a killed process stopped."""

from __future__ import annotations

import json
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution
from optuna.pruners import SuccessiveHalvingPruner
from optuna.samplers import TPESampler
from optuna.storages import JournalStorage
from optuna.trial import FrozenTrial, Trial, TrialState

from dermaflow.experiments.search.journal import CheckpointJournal
from dermaflow.io.seeding import derive_seed
from dermaflow.ml.training.checkpoints import Checkpoints
from dermaflow.ml.training.working_folder import WorkingFolder
from dermaflow.params.search import Choices, Range, SearchParams
from dermaflow.params.train import TrainParams

STATES = {
    "finished": TrialState.COMPLETE,  # trained to its end
    "halved": TrialState.PRUNED,  # given up before
    "failed": TrialState.FAIL,  # its loss was no longer finite
}

_NAME = "search"  # of the only study in the journal
_STEPS = "steps"  # attribute of a trial: updates done at the end of each epoch

optuna.logging.set_verbosity(optuna.logging.WARNING)


class HalvingStudy:
    """Proposes recipes, says when one is to be given up, and remembers.

    Proposals depend on the seed and the trials before, and on nothing else. The journal is
    committed after each proposal, epoch and trial. So a search that was killed comes to the same
    end as one that was not.

    Args:
        search: the space and the rungs.
        train: the recipe as it stands: the first trial, where the space holds it.
        seed: of the proposals.
        folder: of the stage.
    """

    def __init__(
        self, search: SearchParams, train: TrainParams, seed: int, folder: WorkingFolder
    ) -> None:
        self._search, self._train, self._seed = search, train, seed
        self._journal = CheckpointJournal(Checkpoints(folder.path / "study", folder.made_from))
        self._storage = JournalStorage(self._journal)
        self._study = optuna.create_study(
            study_name=_NAME,
            storage=self._storage,
            load_if_exists=True,
            direction="maximize" if search.maximise else "minimize",
            pruner=SuccessiveHalvingPruner(search.min_epochs, search.reduction),
        )

    @property
    def done(self) -> list[FrozenTrial]:
        """Trials that are over, in order."""
        return self._study.get_trials(states=tuple(STATES.values()))

    def ask(self) -> OpenTrial:
        """Propose the next recipe, or again the one that a killed process was trying."""
        opened = self._study.get_trials(states=(TrialState.RUNNING,))
        trial = self._reopen(opened[0].number) if opened else self._propose()
        return OpenTrial(trial, self._journal, self._train.epochs)

    def _reopen(self, number: int) -> Trial:
        # A new trial of the same values would count in the rungs beside the old one.
        study = self._storage.get_study_id_from_name(_NAME)
        trial = self._storage.get_trial_id_from_study_id_trial_number(study, number)
        return Trial(self._study, trial)

    def _propose(self) -> Trial:
        number = len(self._study.trials) + 1
        self._study.sampler = TPESampler(
            n_startup_trials=self._search.random,
            seed=derive_seed(self._seed, "search", str(number)),
        )
        if number == 1:
            self._study.enqueue_trial(self._as_it_stands())
        space = self._search.space.items()
        trial = self._study.ask({key: _distribution(values) for key, values in space})
        self._journal.commit()
        return trial

    def _as_it_stands(self) -> dict[str, Any]:
        """Values of the present recipe, of the parameters whose range holds it."""
        present = {key: self._train.value(key) for key in self._search.space}
        held = {k: s for k, s in self._search.space.items() if s.holds(present[k])}
        return {key: _encode(space, present[key]) for key, space in held.items()}


class OpenTrial:
    """A recipe that is being tried.

    Args:
        trial: Optuna's.
        journal: of the study.
        epochs: of a training to its end.

    Attributes:
        number: of the trial, from 1.
        values: key of ``train`` -> value.
    """

    def __init__(self, trial: Trial, journal: CheckpointJournal, epochs: int) -> None:
        self._trial, self._journal, self._epochs = trial, journal, epochs
        self.number, self.values = trial.number + 1, values_of(trial)

    def __str__(self) -> str:
        return ", ".join(f"{key} {_short(value)}" for key, value in self.values.items())

    def report(self, step: int, value: float) -> None:
        """Take in the metric after an epoch, ``step`` updates in.

        A resumed training may report an epoch again: the first report counts.

        Raises:
            TrialPruned: the trial is worth no more epochs.
        """
        steps = self._trial.user_attrs.get(_STEPS, [])
        if step in steps:
            return
        self._trial.set_user_attr(_STEPS, [*steps, step])
        epoch = len(steps) + 1
        self._trial.report(value, epoch)
        if epoch < self._epochs and self._trial.should_prune():
            # Committed only with its end. The pruner noted the rung, and would not judge it again.
            raise optuna.TrialPruned
        self._journal.commit()

    def close(self, state: str) -> None:
        """Take in how it ended: one of STATES."""
        study = self._trial.study
        best = max if study.direction.name == "MAXIMIZE" else min
        metric = study.trials[self._trial.number].intermediate_values.values()
        study.tell(self._trial, best(metric) if state == "finished" else None, STATES[state])
        self._journal.commit()


def values_of(trial: Trial | FrozenTrial) -> dict[str, Any]:
    """What a trial tries: key of ``train`` -> value."""
    return {key: _decode(value) for key, value in trial.params.items()}


def _short(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else json.dumps(value)


def _distribution(space: Range | Choices) -> BaseDistribution:
    if isinstance(space, Range):
        return FloatDistribution(space.low, space.high, log=space.log)
    return CategoricalDistribution([_encode(space, choice) for choice in space.choices])


def _encode(space: Range | Choices, value: Any) -> Any:
    """A value as Optuna takes it: of choices, which may be lists or null, the JSON text."""
    return float(value) if isinstance(space, Range) else json.dumps(value)


def _decode(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value
