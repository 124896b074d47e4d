"""mixup and cutmix on batches whose mixture can be read off."""

import numpy as np
import pytest
import torch
from scipy.stats import beta, kstest

from dermaflow.ml.augmentation.batch_random import Draws
from dermaflow.ml.augmentation.mixup_cutmix import mix_batch
from ml.recipes import make_params

COUNT, CLASSES, HEIGHT, WIDTH = 8, 8, 12, 20
LABELS = torch.arange(COUNT)


def batch():
    """Images that hold the number of their label everywhere."""
    return LABELS.float().view(-1, 1, 1, 1).expand(COUNT, 3, HEIGHT, WIDTH).contiguous()


def mixing(mixup=0.0, cutmix=0.0, probability=1.0):
    values = {"probability": probability, "mixup_alpha": mixup, "cutmix_alpha": cutmix}
    return make_params(mix=values).mix


def mix(seed, **ways):
    params = mixing(**ways)
    draws = Draws(torch.Generator().manual_seed(seed))
    return mix_batch(batch(), LABELS, CLASSES, params, draws)


def test_off_it_draws_nothing_and_leaves_the_batch_alone():
    draws = Draws(torch.Generator().manual_seed(0))
    before = draws.generator.get_state()
    inputs = batch()
    params = mixing(mixup=0.2, cutmix=1.0, probability=0)
    mixed, targets = mix_batch(inputs, LABELS, CLASSES, params, draws)
    assert mixed is inputs
    assert targets is LABELS
    assert torch.equal(draws.generator.get_state(), before)


@pytest.mark.parametrize("seed", range(5))
def test_mixup_blends_images_as_it_blends_labels(seed):
    mixed, targets = mix(seed, mixup=1.0)
    # The number in an image is linear in its label's distribution.
    expected = (targets @ LABELS.float()).view(-1, 1, 1, 1).expand_as(mixed)
    assert torch.allclose(mixed, expected, atol=1e-5)
    assert torch.allclose(targets.sum(dim=1), torch.ones(COUNT))


@pytest.mark.parametrize("seed", range(20))
def test_cutmix_labels_are_the_exact_shares_of_pixels(seed):
    mixed, targets = mix(seed, cutmix=1.0)
    for image, target in zip(mixed, targets, strict=True):
        shares = torch.bincount(image[0].long().flatten(), minlength=CLASSES) / (HEIGHT * WIDTH)
        assert torch.allclose(shares, target, atol=1e-6)
        assert torch.equal(image[0], image[2])


def test_cutmix_pastes_one_rectangle_and_some_are_clipped():
    touching = 0
    for seed in range(40):
        mixed, _ = mix(seed, cutmix=1.0)
        pasted = (mixed != batch()).any(dim=1).any(dim=0)
        rows, columns = pasted.any(dim=1), pasted.any(dim=0)
        assert torch.equal(pasted, rows[:, None] & columns[None])
        touching += bool(rows[0] or rows[-1] or columns[0] or columns[-1])
    assert 0 < touching < 40


@pytest.mark.parametrize("alpha", [0.2, 1.0, 4.0])
def test_blend_weights_are_beta_distributed(alpha):
    weights = []
    for seed in range(400):
        _, targets = mix(seed, mixup=alpha)
        # An image that is its own partner tells nothing.
        others = [(i, t) for i, t in enumerate(targets) if (t > 0).sum() == 2 or t[i] == 0]
        if others:
            weights.append(float(others[0][1][others[0][0]]))
    assert len(weights) > 300
    assert kstest(weights, beta(alpha, alpha).cdf).pvalue > 0.001


def test_the_share_of_mixed_batches_is_the_probability_and_both_ways_occur():
    blended = pasted = 0
    for seed in range(300):
        mixed, targets = mix(seed, mixup=1.0, cutmix=1.0, probability=0.4)
        if targets.ndim == 1:
            continue
        flat = mixed.std(dim=(2, 3)).max() < 1e-5
        blended, pasted = blended + bool(flat), pasted + (not flat)
    assert blended + pasted == pytest.approx(120, abs=26)  # three standard deviations
    assert blended == pytest.approx(pasted, abs=40)


def test_as_much_is_drawn_whatever_is_chosen():
    states = []
    for ways in ({"mixup": 1.0}, {"cutmix": 1.0}, {"mixup": 1.0, "probability": 1e-9}):
        draws = Draws(torch.Generator().manual_seed(3))
        mix_batch(batch(), LABELS, CLASSES, mixing(**ways), draws)
        states.append(draws.generator.get_state())
    assert all(torch.equal(state, states[0]) for state in states)


def test_the_same_generator_gives_the_same_mixture():
    first, second = mix(5, mixup=0.4, cutmix=1.0), mix(5, mixup=0.4, cutmix=1.0)
    assert torch.equal(first[0], second[0])
    assert np.array_equal(first[1], second[1])
