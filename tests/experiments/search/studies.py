"""A study of recipes that are told to be good or bad, without a training."""

import numpy as np
from optuna import TrialPruned

from conf_params import params_of
from dermaflow.experiments.search.halving_study import HalvingStudy
from dermaflow.ml.training.working_folder import WorkingFolder
from ml.recipes import make_params

SPACE = {
    "learning_rate": {"low": 0.001, "high": 1.0, "log": True},
    "loss.focal_gamma": {"choices": [0.0, 2.0]},
    "colour_constancy": {"choices": [None, 6.0]},
}
SEARCH = params_of("search", {"trials": 8, "random": 4, "space": SPACE})
TRAIN = make_params(epochs=4, learning_rate=0.05)


def quality(values):
    """Best at a rate of 0.1, without focal loss."""
    return 0.9 - 0.2 * abs(np.log10(values["learning_rate"]) + 1) - values["loss.focal_gamma"] / 20


def go_through(folder, search=SEARCH, made_from=None, after_call=lambda: None):
    """All trials, each of which gains a little every epoch.

    One that was cut off is trained from its first epoch again.
    """
    study = HalvingStudy(search, TRAIN, 1, WorkingFolder(folder, made_from or {"run": "a"}))
    while len(study.done) < search.trials:
        trial = study.ask()
        after_call()
        state = "finished"
        try:
            for epoch in range(1, TRAIN.epochs + 1):
                trial.report(epoch * 10, quality(trial.values) + epoch / 100)
                after_call()
        except TrialPruned:
            state = "halved"
            after_call()
        trial.close(state)
        after_call()
    return study.done
