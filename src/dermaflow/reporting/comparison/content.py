"""What a comparison says, as plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import pandas as pd

from dermaflow.ml.evaluation.estimate import Scores
from dermaflow.ml.evaluation.paired_difference import Resampling

CLASS_MEASURES = {"f1": "F1", "recall": "Recall", "precision": "Precision", "auc": "AUC"}
# Metrics with a history, and the name of what is drawn.
CURVES = {
    "train/loss": "Training loss",
    "train/val_balanced_accuracy": "Validation balanced accuracy",
}


def count(number: int, what: str) -> str:
    """A number and what is counted, such as ``1 image`` or ``1,502 images``."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


@dataclass(frozen=True)
class ComparedRun:
    """One MLflow run; texts are as logged and may hold anything.

    Attributes:
        label: a letter that stands for the run in tables and figures.
        started: with time zone.
        seconds: from start to end; None while it runs.
        commit: of the code, "unknown" where git refused to say; None where the run names none.
        dirty: whether code or configuration had changes that are in no commit; None where git
            did not know.
        data_version: see ``dermaflow.data.version``; None where the run names none.
        parameters: every logged leaf.
        scores: of the whole test split, or pooled over folds, by metric.
        curves: name of ``CURVES`` -> (step, value), by step.
        classes: codes with probabilities in ``predictions``, in their order there.
        predictions: of all held-out images, or None.
        missing: sentences on what the run lacks.
        result: of RESULTS, what is compared of the run.
        experiment: name of its MLflow experiment.
    """

    label: str
    run_id: str
    name: str
    status: str
    started: datetime
    seconds: float | None
    env: str | None
    command: str | None
    commit: str | None
    dirty: bool | None
    data_version: str | None
    parameters: Mapping[str, str]
    scores: Scores
    curves: Mapping[str, Sequence[tuple[int, float]]]
    classes: tuple[str, ...]
    predictions: pd.DataFrame | None
    missing: tuple[str, ...]
    result: str = "test"
    experiment: str = ""

    @property
    def changes(self) -> str:
        """How the code may have differed from the commit; empty where no commit is known."""
        if self.commit in (None, "unknown"):
            return ""
        return {True: "with changes", False: "", None: "changes unknown"}[self.dirty]

    @property
    def short_id(self) -> str:
        """The first digits of the id, which are as good as unique."""
        return self.run_id[:8]

    @property
    def tag(self) -> str:
        """What stands for the run in figures: nothing that a user typed."""
        return f"{self.label} · {self.short_id}"


@dataclass(frozen=True)
class Difference:
    """A run against the first one on the test images that both have.

    Attributes:
        run: label of the run that the first is taken from.
        images: common test images with the same label in both.
        groups: of these, as tied by either run.
        estimates: the run's metric less the first's, by metric.
        warnings: sentences on what makes the two hard to compare.
    """

    run: str
    images: int
    groups: int
    estimates: Scores
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class Comparison:
    """Runs beside each other, the first of them the one to compare with.

    Attributes:
        experiment: name of the MLflow experiment.
        runs: at least two.
        parameters: key -> value of each run (None where it has none), where they differ.
        differences: of each run but the first.
        resampling: of the differences; None where the first run does not say how.
    """

    experiment: str
    runs: tuple[ComparedRun, ...]
    parameters: Mapping[str, Sequence[str | None]]
    differences: tuple[Difference, ...]
    resampling: Resampling | None

    @property
    def classes(self) -> list[str]:
        """Class codes with a prediction or a score in any run, in the models' order where known."""
        known = [code for run in self.runs for code in run.classes]
        # What else has metrics of its own is an operating point.
        f1 = [name for run in self.runs for name in run.scores if name.endswith("/f1")]
        scored = {name.removesuffix("/f1") for name in f1}
        return list(dict.fromkeys([*known, *sorted(scored)]))

    @property
    def interval_name(self) -> str:
        """Such as ``95 % interval``."""
        return f"{100 * self.resampling.confidence:g} % interval" if self.resampling else "interval"
