"""The training loop on networks small enough to see through."""

import os
import signal

import pytest
import torch
from torch import nn

from dermaflow.errors import TrainingError
from dermaflow.ml.training.checkpoints import Checkpoints, read_checkpoint
from ml.recipes import make_params
from ml.small_training import (
    PARAMS,
    PREPROCESS,
    fit,
    make_sets,
    small_network,
)


@pytest.fixture(scope="module")
def sets(tmp_path_factory):
    return make_sets(tmp_path_factory.mktemp("stores"))


def test_a_separable_problem_is_learnt_and_the_best_epoch_kept(sets):
    result = fit(sets, PARAMS.model_copy(update={"epochs": 8}))
    scores = [record["val_balanced_accuracy"] for record in result.history]
    assert max(scores) > 0.95
    assert scores[result.best_epoch - 1] == max(scores)


def test_kept_weights_give_the_recorded_score(sets):
    """`best = state_dict()` without a copy would hand out the last epoch instead."""
    result = fit(sets, PARAMS.model_copy(update={"learning_rate": 0.5, "epochs": 6}))
    network = small_network()
    network.load_state_dict(result.tensors)
    _, val = sets
    with torch.inference_mode():
        logits = network.eval()(PREPROCESS.to_input(val.store.take(val.rows)))
    loss = nn.functional.cross_entropy(logits, torch.from_numpy(val.labels)).item()
    assert loss == pytest.approx(result.history[result.best_epoch - 1]["val_loss"], rel=1e-4)


def test_same_seed_same_bits_other_seed_other_bits(sets):
    first, second, other = fit(sets), fit(sets), fit(sets, seed=2)
    assert first.history == second.history
    assert all(torch.equal(first.tensors[k], second.tensors[k]) for k in first.tensors)
    assert not torch.equal(first.tensors["fc.weight"], other.tensors["fc.weight"])


def test_training_stops_when_patience_is_over(sets):
    stuck = PARAMS.model_copy(update={"learning_rate": 1e-12, "patience": 2, "epochs": 30})
    result = fit(sets, stuck)
    assert result.best_epoch == 1
    assert len(result.history) == 3


def test_frozen_parts_keep_weights_and_statistics(sets):
    network = small_network()
    before = {k: v.clone() for k, v in network.state_dict().items()}
    frozen = [network.conv1, network.bn1]
    for module in frozen:
        module.requires_grad_(False)
    tensors = fit(sets, network=network, frozen=frozen).tensors
    for name, value in tensors.items():
        assert torch.equal(value, before[name]) != name.startswith("fc."), name


def test_curves_are_logged_while_training_runs(sets):
    logged = []
    fit(sets, log=lambda metrics, step: logged.append((step, set(metrics))))
    train_steps = [step for step, names in logged if "train/loss" in names]
    assert train_steps == list(range(2, 17, 2))
    val_steps = [step for step, names in logged if "train/val_balanced_accuracy" in names]
    assert val_steps == [4, 8, 12, 16]


def test_a_loss_that_is_not_finite_stops_the_training(sets):
    network = small_network()
    nn.init.constant_(network.fc.weight, float("nan"))
    with pytest.raises(TrainingError, match="nan at step 2"):
        fit(sets, network=network)


@pytest.mark.parametrize(
    "recipe",
    [
        {"loss": {"focal_gamma": 2.0, "label_smoothing": 0.1}},
        {"loss": {"logit_adjustment": 1.0}, "balance": 0.0, "layer_decay": 0.7},
        {"mix": {"probability": 0.5, "mixup_alpha": 0.2, "cutmix_alpha": 1.0}},
        {"resize": [{"until": 0.5, "scale": 0.5}], "colour_constancy": None},
    ],
)
def test_each_recipe_learns_and_repeats_to_the_bit(sets, recipe):
    params = make_params(epochs=8, **recipe)
    first, second = fit(sets, params), fit(sets, params)
    assert first.history == second.history
    assert all(torch.equal(first.tensors[k], second.tensors[k]) for k in first.tensors)
    assert max(record["val_balanced_accuracy"] for record in first.history) > 0.9


class StoppedError(Exception):
    pass


def stopping_at(step):
    """A log that fails in the middle of the training, as a lost server does."""

    def log(metrics, at):
        if at >= step:
            raise StoppedError

    return log


# In the first epoch, at its end, in the middle of the next, at the end of the last but one.
@pytest.mark.parametrize("step", [2, 4, 6, 12])
def test_a_training_that_was_stopped_ends_as_if_it_was_not(sets, tmp_path, step, caplog):
    caplog.set_level("INFO")
    whole = fit(sets)
    checkpoints = Checkpoints(tmp_path, {"run": "a"})
    with pytest.raises(StoppedError):
        fit(sets, log=stopping_at(step), checkpoints=checkpoints)
    steps = []
    resumed = fit(sets, log=lambda metrics, at: steps.append(at), checkpoints=checkpoints)
    assert "Training goes on after step" in caplog.text
    assert min(steps) >= step
    assert resumed.history == whole.history
    assert resumed.best_epoch == whole.best_epoch
    assert resumed.tensors.keys() == whole.tensors.keys()
    assert all(torch.equal(resumed.tensors[k], whole.tensors[k]) for k in whole.tensors)


def test_a_finished_training_is_not_trained_again(sets, tmp_path):
    checkpoints = Checkpoints(tmp_path, {"run": "a"})
    whole = fit(sets, checkpoints=checkpoints)
    again = fit(sets, log=stopping_at(0), checkpoints=checkpoints)
    assert again.history == whole.history
    assert all(torch.equal(again.tensors[k], whole.tensors[k]) for k in whole.tensors)


def test_a_training_out_of_patience_is_not_trained_again(sets, tmp_path):
    stuck = PARAMS.model_copy(update={"learning_rate": 1e-12, "patience": 2, "epochs": 30})
    checkpoints = Checkpoints(tmp_path, {"run": "a"})
    whole = fit(sets, stuck, checkpoints=checkpoints)
    assert fit(sets, stuck, log=stopping_at(0), checkpoints=checkpoints).history == whole.history


def test_checkpoints_come_when_it_is_time(sets, tmp_path):
    """Every update with 0 seconds; with an hour, only when all is done."""
    for seconds, kept in ((0, [15, 16]), (3600, [16])):
        folder = tmp_path / str(seconds)
        params = PARAMS.model_copy(update={"checkpoint_seconds": seconds})
        fit(sets, params, checkpoints=Checkpoints(folder, {}))
        assert [read_checkpoint(path).steps for path in sorted(folder.iterdir())] == kept


def test_sigterm_saves_before_it_ends_the_process(sets, tmp_path):
    checkpoints = Checkpoints(tmp_path, {"run": "a"})
    rare = PARAMS.model_copy(update={"checkpoint_seconds": 3600})

    def end(number, frame):
        raise StoppedError

    def log(metrics, step):
        if step == 6:
            os.kill(os.getpid(), signal.SIGTERM)

    before = signal.signal(signal.SIGTERM, end)
    try:
        with pytest.raises(StoppedError):
            fit(sets, rare, log=log, checkpoints=checkpoints)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert checkpoints.latest().steps == 6
    whole, resumed = fit(sets, rare), fit(sets, rare, checkpoints=checkpoints)
    assert all(torch.equal(resumed.tensors[k], whole.tensors[k]) for k in whole.tensors)
