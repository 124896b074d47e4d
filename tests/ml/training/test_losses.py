"""The loss against values worked out by hand."""

import math

import numpy as np
import pytest
import torch
from torch.nn import functional

from dermaflow.ml.training.batches import class_balancing_weights, expected_draws
from dermaflow.ml.training.losses import ClassificationLoss, build_loss, class_weights
from ml.recipes import make_params

PLAIN = make_params().loss
LABELS = np.repeat([0, 1, 2], [90, 9, 1])  # int64
# Probabilities 1/2, 1/4, 1/4 of classes 0, 1, 2.
LOGITS = torch.tensor([[0.5, 0.25, 0.25]]).log()


def loss(logits, targets, balance=0.0, **changes):
    return build_loss(LABELS, 3, balance, PLAIN.model_copy(update=changes))(logits, targets).item()


def random_batch(count=16):
    random = torch.Generator().manual_seed(0)
    logits = torch.randn(count, 3, generator=random) * 3
    return logits, torch.randint(3, (count,), generator=random)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_all_off_is_cross_entropy_to_the_bit(smoothing):
    logits, targets = random_batch()
    expected = functional.cross_entropy(logits, targets, label_smoothing=smoothing).item()
    assert loss(logits, targets, label_smoothing=smoothing) == expected


@pytest.mark.parametrize("gamma", [0.5, 2.0])
@pytest.mark.parametrize("label", [0, 1])
def test_focal_loss_is_the_papers(gamma, label):
    p = [0.5, 0.25][label]
    expected = -((1 - p) ** gamma) * math.log(p)
    assert loss(LOGITS, torch.tensor([label]), focal_gamma=gamma) == pytest.approx(expected)


def test_smoothed_targets_and_focus_go_together():
    terms = [-((1 - p) ** 2) * math.log(p) for p in (0.5, 0.25, 0.25)]
    shares = (0.7 + 0.1, 0.1, 0.1)
    expected = sum(share * term for share, term in zip(shares, terms, strict=True))
    found = loss(LOGITS, torch.tensor([0]), focal_gamma=2.0, label_smoothing=0.3)
    assert found == pytest.approx(expected)


@pytest.mark.parametrize("gamma", [0.5, 1.0, 2.0])
def test_a_certain_prediction_has_a_finite_focal_gradient(gamma):
    logits = torch.tensor([[200.0, 0.0, 0.0]] * 2, requires_grad=True)
    params = PLAIN.model_copy(update={"focal_gamma": gamma})
    build_loss(LABELS, 3, 0.0, params)(logits, torch.tensor([0, 1])).backward()
    assert logits.grad.isfinite().all()
    assert logits.grad[1, 1] < 0  # and the wrong one is still corrected


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"focal_gamma": 2.0},
        {"class_balance_beta": 0.99},
        {"logit_adjustment": 1.0, "label_smoothing": 0.1},
        {"class_balance_beta": 0.9, "focal_gamma": 1.0, "label_smoothing": 0.1},
    ],
)
def test_hard_labels_and_the_same_as_distributions_cost_the_same(changes):
    logits, targets = random_batch()
    soft = functional.one_hot(targets, 3).float()
    assert loss(logits, targets, **changes) == pytest.approx(loss(logits, soft, **changes))


@pytest.mark.parametrize("changes", [{}, {"focal_gamma": 2.0}, {"class_balance_beta": 0.99}])
def test_a_mixed_target_costs_the_mixture_of_its_labels(changes):
    mixed = loss(LOGITS, torch.tensor([[0.3, 0.7, 0.0]]), **changes)
    parts = [loss(LOGITS, torch.tensor([label]), **changes) for label in (0, 1)]
    assert mixed == pytest.approx(0.3 * parts[0] + 0.7 * parts[1])


def test_weights_are_inverse_to_the_effective_number_of_images():
    draws = np.array([1.0, 2.0, 3.0])
    weights = class_weights(draws, 0.5)
    # E_n of beta 1/2: 1, 1 + 1/2, 1 + 1/2 + 1/4
    assert weights / weights[0] == pytest.approx([1, 1 / 1.5, 1 / 1.75])
    assert (weights @ draws) / draws.sum() == pytest.approx(1)


def test_beta_spans_from_all_alike_to_inverse_counts():
    draws = np.array([2.0, 20.0, 200.0])
    assert class_weights(draws, 0.0) == pytest.approx([1, 1, 1])
    steep = class_weights(draws, 1 - 1e-7)
    assert steep / steep[2] == pytest.approx([100, 10, 1], rel=1e-4)


def test_a_heavy_class_costs_its_weight():
    weights = class_weights(expected_draws(LABELS, 3, 0.0), 0.99)
    found = loss(LOGITS, torch.tensor([2]), class_balance_beta=0.99)
    assert found == pytest.approx(weights[2] * math.log(4))


def test_adjusted_logits_are_those_of_the_prior_times_tau():
    adjusted = LOGITS[0] + 1.5 * torch.tensor([0.9, 0.09, 0.01]).log()
    expected = -adjusted.log_softmax(0)[2].item()
    assert loss(LOGITS, torch.tensor([2]), logit_adjustment=1.5) == pytest.approx(expected)


def test_logit_adjustment_is_least_where_plain_logits_are_balanced():
    """With tau 1 the best constant logits are equal, whatever the classes' frequencies."""
    logits = torch.zeros(1, 3, requires_grad=True)
    frequencies = torch.from_numpy(np.bincount(LABELS) / len(LABELS)).float()[None]
    build_loss(LABELS, 3, 0.0, PLAIN.model_copy(update={"logit_adjustment": 1.0}))(
        logits, frequencies
    ).backward()
    assert logits.grad.abs().max() < 1e-6


@pytest.mark.parametrize("changes", [{"class_balance_beta": 0.999}, {"logit_adjustment": 1.0}])
def test_what_the_sampler_corrects_is_not_corrected_again(changes):
    logits, targets = random_batch()
    assert loss(logits, targets, balance=1.0, **changes) == pytest.approx(loss(logits, targets))
    assert loss(logits, targets, balance=0.0, **changes) != pytest.approx(loss(logits, targets))


@pytest.mark.parametrize("balance", [0.0, 0.6, 1.0])
def test_expected_draws_are_those_of_the_sampler(balance):
    weights = class_balancing_weights(LABELS, balance)
    drawn = np.bincount(LABELS, weights=weights) / weights.sum() * len(LABELS)
    assert expected_draws(LABELS, 3, balance) == pytest.approx(drawn)


def test_a_class_without_training_images_keeps_the_loss_finite():
    for changes in ({"class_balance_beta": 0.99}, {"logit_adjustment": 1.0}):
        params = PLAIN.model_copy(update=changes | {"label_smoothing": 0.1})
        found = build_loss(np.array([0, 0, 1]), 3, 0.5, params)(LOGITS, torch.tensor([0]))
        assert found.isfinite()


def test_the_loss_follows_its_module_to_a_device():
    params = PLAIN.model_copy(update={"class_balance_beta": 0.9})
    module = ClassificationLoss(params, np.array([5.0, 1.0, 1.0])).to("meta")
    assert module.weights.device.type == "meta"
