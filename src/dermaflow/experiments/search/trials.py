"""The trials of a search: one training each, and what they come to together."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from optuna import TrialPruned
from optuna.trial import FrozenTrial

from dermaflow.errors import TrainingError
from dermaflow.experiments.search.halving_study import STATES, HalvingStudy, OpenTrial, values_of
from dermaflow.ml.training.batches import LabelledImages
from dermaflow.ml.training.fine_tune import fine_tune
from dermaflow.ml.training.metric_sink import MetricSink
from dermaflow.ml.training.working_folder import WorkingFolder
from dermaflow.params.image import ImageParams
from dermaflow.params.search import SearchParams
from dermaflow.params.train import TrainParams
from dermaflow.tracking.mlflow_sink import current_sink

logger = logging.getLogger(__name__)

_FACTS = ("trial", "state", "epochs", "value")  # columns of the table before parameters


@dataclass(frozen=True)
class TrialTrainer:
    """What all trials share.

    Attributes:
        images: to train on.
        val: compares the trials.
        train: the recipe that they change.
        image: caps of the encoded images.
        classes: codes, in the order of the outputs.
        seed: of every trial: they differ by their recipes alone.
        folder: where the one in training keeps its checkpoints.
        search: the metric.
    """

    images: LabelledImages
    val: LabelledImages
    train: TrainParams
    image: ImageParams
    classes: list[str]
    seed: int
    folder: WorkingFolder
    search: SearchParams

    def run(self, study: HalvingStudy) -> None:
        """Train the next trial as far as it is worth, in a nested MLflow run."""
        trial = study.ask()
        recipe = self.train.with_values({**trial.values, "processes": 1})
        facts = {"trial": trial.number, "train": recipe.model_dump(mode="json")}
        logger.info("Trial %d of %d: %s", trial.number, self.search.trials, trial)
        with current_sink().part(f"trial {trial.number}", facts, {}) as sink:
            state = self._train(trial, recipe, sink)
            sink.tag({"search.state": state})
        trial.close(state)
        logger.info("Trial %d: %s", trial.number, state)
        shutil.rmtree(self._place(trial), ignore_errors=True)

    def _train(self, trial: OpenTrial, recipe: TrainParams, sink: MetricSink) -> str:
        """Returns the state in which it ended."""
        name = f"train/{self.search.metric}"

        def log(metrics: Mapping[str, float], step: int) -> None:
            sink.log(metrics, step)
            if name in metrics:
                trial.report(step, metrics[name])

        made_from = {**self.folder.made_from, "trial": trial.values}
        sets = [self.images], self.val
        folder = WorkingFolder(self._place(trial), made_from)
        try:
            fine_tune(sets, recipe, self.image, self.classes, self.seed, log, folder)
        except TrialPruned:
            return "halved"
        except TrainingError as error:
            logger.warning("Trial %d failed: %s", trial.number, error)
            return "failed"
        return "finished"

    def _place(self, trial: OpenTrial) -> Path:
        return self.folder.path / f"trial_{trial.number}"


def tabulate(done: Sequence[FrozenTrial], search: SearchParams) -> pd.DataFrame:
    """One row a trial.

    Returns:
        trial, state, epochs, value (the best epoch's metric), the parameters under their keys, and
        ``epoch_<number>`` (the metric after it); missing where a trial did not get as far.
    """
    names = {state: name for name, state in STATES.items()}
    best = max if search.maximise else min
    rows = []
    for trial in done:
        metric = trial.intermediate_values  # epoch -> metric
        row = {"trial": trial.number + 1, "state": names[trial.state], "epochs": len(metric)}
        row["value"] = best(metric.values()) if metric else np.nan
        rows.append(row | values_of(trial) | {f"epoch_{n}": v for n, v in metric.items()})
    table = pd.DataFrame(rows)
    epochs = [f"epoch_{n}" for n in range(1, table["epochs"].max() + 1)]
    return table[[*_FACTS, *search.space, *epochs]]


def best_trial(trials: pd.DataFrame, search: SearchParams) -> pd.Series:
    """The row of the best trial that was trained to its end. Raises TrainingError for none."""
    finished = trials[trials["state"] == "finished"]
    if finished.empty:
        raise TrainingError("no trial of the search was trained to its end; see search.space")
    values = finished["value"]
    return finished.loc[values.idxmax() if search.maximise else values.idxmin()]


def count(trials: pd.DataFrame, search: SearchParams) -> dict[str, dict[str, float]]:
    """What MLflow shows of a search, under the one part ``search``."""
    found = {"best": float(best_trial(trials, search)["value"])}
    first = trials.iloc[0]
    if first["state"] == "finished":
        found["as_it_stands"] = float(first["value"])
    ended = {state: int((trials["state"] == state).sum()) for state in STATES}
    return {"search": found | ended | {"epochs": int(trials["epochs"].sum())}}
