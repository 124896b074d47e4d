"""Successive halving by Optuna, which goes on where a killed process stopped."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution
from optuna.pruners import SuccessiveHalvingPruner
from optuna.samplers import TPESampler
from optuna.trial import FrozenTrial, Trial, TrialState

from dermaflow.io.seeding import derive_seed
from dermaflow.ml.training.checkpoints import Checkpoint, Checkpoints
from dermaflow.ml.training.working_folder import WorkingFolder
from dermaflow.params.search import Choices, Range, SearchParams
from dermaflow.params.train import TrainParams

STATES = {
    "finished": TrialState.COMPLETE,  # trained to its end
    "halved": TrialState.PRUNED,  # given up before
    "failed": TrialState.FAIL,  # its loss was no longer finite
}

Report = Sequence[Any]  # updates done at the end of an epoch, and the metric then

optuna.logging.set_verbosity(optuna.logging.WARNING)


class HalvingStudy:
    """Proposes recipes, says when one is to be given up, and remembers.

    What was proposed and reported is kept in ``folder``, after every epoch. Optuna's own study is
    in memory and made anew from that: its proposals depend on nothing but the seed and the trials
    before, so that a search that was killed comes to the same end as one that was not, but for
    rounding in proposals that it had not made yet.

    Args:
        search: the space and the rungs.
        train: the recipe as it stands: the first trial, where the space holds it.
        seed: of the proposals.
        folder: of the stage.

    Attributes:
        done: trials that are over, in order: ``trial`` (from 1), ``state`` of STATES, ``values``
            (key of train -> value), and ``reports`` (updates and the metric after each epoch).
    """

    def __init__(
        self, search: SearchParams, train: TrainParams, seed: int, folder: WorkingFolder
    ) -> None:
        self._search, self._train, self._seed = search, train, seed
        self._kept = Checkpoints(folder.path / "study", folder.made_from)
        self._study = optuna.create_study(
            direction="maximize" if search.maximise else "minimize",
            pruner=SuccessiveHalvingPruner(search.min_epochs, search.reduction),
        )
        found = self._kept.latest()
        facts = found.facts if found else {"done": [], "open": {}}
        self.done: list[dict[str, Any]] = facts["done"]
        self._cut_off: dict[str, Any] = facts["open"]  # values and reports of the trial
        self._open: dict[str, Any] = {}
        for trial in self.done:
            self._study.add_trial(self._freeze(trial))

    def ask(self) -> OpenTrial:
        """Propose the next recipe."""
        number = len(self.done) + 1
        self._study.sampler = TPESampler(
            n_startup_trials=self._search.random,
            seed=derive_seed(self._seed, "search", str(number)),
        )
        cut_off, self._cut_off = self._cut_off, {}
        if cut_off:
            self._study.enqueue_trial(self._encode(cut_off["values"]))
        elif number == 1:
            self._study.enqueue_trial(self._as_it_stands())
        trial = self._study.ask(self._distributions())
        values = {name: _decode(value) for name, value in trial.params.items()}
        self._open = {"values": values, "reports": []}
        if not cut_off:
            self._save()
        return OpenTrial(number, values, self, trial, cut_off.get("reports", ()))

    def report(self, trial: Trial, report: Report) -> bool:
        """Take in what an epoch came to; whether the trial is to be given up."""
        reports = self._open["reports"]
        reports.append(list(report))
        self._save()
        trial.report(report[1], len(reports))
        return len(reports) < self._train.epochs and trial.should_prune()

    def close(self, opened: OpenTrial, trial: Trial, state: str) -> None:
        """Take in how a trial ended."""
        attributes = self._study.trials[trial.number].system_attrs
        rungs = {k: v for k, v in attributes.items() if k.startswith("completed_rung")}
        value = self._best(self._open["reports"]) if state == "finished" else None
        self._study.tell(trial, value, state=STATES[state])
        self.done.append({"trial": opened.number, "state": state, **self._open, "rungs": rungs})
        self._open = {}
        self._save()

    def _save(self) -> None:
        """Everything again: it is little, and Checkpoints keep it whole."""
        trials = [*self.done, *([self._open] if self._open else [])]
        steps = sum(2 + len(trial["reports"]) for trial in trials) - bool(self._open)
        self._kept.save(Checkpoint(steps, {}, {"done": self.done, "open": self._open}))

    def _best(self, reports: Sequence[Report]) -> float:
        values = [float(value) for _, value in reports]
        return max(values) if self._search.maximise else min(values)

    def _distributions(self) -> dict[str, BaseDistribution]:
        return {name: _distribution(space) for name, space in self._search.space.items()}

    def _as_it_stands(self) -> dict[str, Any]:
        """Values of the present recipe, of the parameters whose range holds it."""
        space = self._search.space
        present = {name: self._train.value(name) for name in space}
        return self._encode({k: value for k, value in present.items() if space[k].holds(value)})

    def _encode(self, values: Mapping[str, Any]) -> dict[str, Any]:
        return {key: _encode(self._search.space[key], value) for key, value in values.items()}

    def _freeze(self, trial: Mapping[str, Any]) -> FrozenTrial:
        state = trial["state"]
        return optuna.create_trial(
            state=STATES[state],
            value=self._best(trial["reports"]) if state == "finished" else None,
            params=self._encode(trial["values"]),
            distributions=self._distributions(),
            intermediate_values={n: report[1] for n, report in enumerate(trial["reports"], 1)},
            system_attrs=trial["rungs"],
        )


class OpenTrial:
    """A recipe that is being tried.

    Args:
        number: of the trial, from 1.
        values: key of ``train`` -> value.
        study: that proposed it.
        trial: Optuna's.
        before: what an interrupted run reported of the same trial.

    Attributes:
        given_up: whether it is worth no more epochs.
        step: updates done at the last epoch that was reported.
    """

    def __init__(
        self,
        number: int,
        values: dict[str, Any],
        study: HalvingStudy,
        trial: Trial,
        before: Sequence[Report],
    ) -> None:
        self.number, self.values = number, values
        self._study, self._trial, self.step = study, trial, 0
        self.given_up = False
        for step, value in before:
            self.report(step, value)

    def __str__(self) -> str:
        return ", ".join(f"{key} {_short(value)}" for key, value in self.values.items())

    def report(self, step: int, value: float) -> bool:
        """Take in what an epoch came to, ``step`` updates in; whether to give up.

        One that a resumed training does again is known already.
        """
        if step > self.step:
            self.step = step
            self.given_up = self._study.report(self._trial, (step, value))
        return self.given_up

    def close(self, state: str) -> None:
        """Say how it ended: of STATES."""
        self._study.close(self, self._trial, state)


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
