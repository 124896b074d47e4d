"""What is shown of a recipe is what the network gets."""

import numpy as np
import pytest

from dermaflow.data.images.preprocess import Preprocess
from dermaflow.ml.augmentation.randaugment import EFFECTS
from dermaflow.ml.training.recipe_samples import sample_feeding, sample_operations
from ml.recipes import make_params

PREPROCESS = Preprocess(24, 32)
STAGES = [{"until": 0.25, "scale": 0.5}, {"until": 0.5, "scale": 0.75}]
PIXELS = np.random.default_rng(0).integers(0, 256, (6, 24, 32, 3), np.uint8)
LABELS = np.arange(6) % 3
MIXUP = {"probability": 1.0, "mixup_alpha": 1.0, "cutmix_alpha": 0.0}


def feeding(params, seed=4):
    return sample_feeding(PIXELS, LABELS, 3, PREPROCESS, params, seed)


def test_samples_tell_moments_and_sizes():
    batches = feeding(make_params(resize=STAGES))
    assert [batch.done for batch in batches] == [0, 0.25, 0.5, 0.75]
    sizes = [batch.images.shape[1:3] for batch in batches]
    assert sizes == [(12, 16), (18, 24), (24, 32), (24, 32)]


def test_mixed_images_show_the_shares_of_their_classes():
    """Images of one grey level a class: what is seen is the mean of the levels by their shares."""
    levels = np.array([20, 120, 220])
    flat = np.broadcast_to(levels[LABELS][:, None, None, None], PIXELS.shape).astype(np.uint8)
    params = make_params(augmented=False, mix=MIXUP)
    batches = sample_feeding(flat, LABELS, 3, PREPROCESS, params, seed=4)
    assert any((batch.targets > 0).sum(axis=1).max() == 2 for batch in batches)
    for batch in batches:
        assert batch.targets.sum(axis=1) == pytest.approx(np.ones(6))
        seen = batch.images.mean(axis=(1, 2, 3))
        np.testing.assert_allclose(seen, batch.targets @ levels, atol=1)


def test_samples_of_unchanged_images_are_the_stored_ones():
    for batch in feeding(make_params(augmented=False)):
        assert np.array_equal(batch.images, PIXELS)
        assert np.array_equal(batch.targets, np.eye(3)[LABELS])


def test_samples_are_the_seeds_and_no_moment_repeats_anothers_draws():
    params = make_params(mix=MIXUP)
    first, again, other = (feeding(params, seed) for seed in (4, 4, 5))
    for batch, same in zip(first, again, strict=True):
        assert np.array_equal(batch.images, same.images)
        assert np.array_equal(batch.targets, same.targets)
    assert not np.array_equal(first[0].images, other[0].images)
    assert not np.array_equal(first[0].images, first[1].images)


def test_operations_are_shown_alone_and_only_where_they_are_on():
    assert sample_operations(PIXELS, make_params().augmentation, seed=4) == {}
    policy = {"policy.operations": 2, "policy.among": ["identity", "noise", "hairs"]}
    shown = sample_operations(PIXELS, make_params(augmentation=policy).augmentation, seed=4)
    assert list(shown) == ["noise", "hairs"]
    # Hairs are dark; noise goes both ways.
    assert (shown["hairs"].astype(int) - PIXELS).mean() < -1
    assert abs((shown["noise"].astype(int) - PIXELS).mean()) < 1


def test_every_image_shows_an_effect_however_rare_it_is():
    rare = make_params(augmentation={"effects.probability": 0.01}).augmentation
    shown = sample_operations(PIXELS, rare, seed=4)
    assert list(shown) == [f"effect: {name}" for name in EFFECTS]
    for name, images in shown.items():
        assert images.dtype == np.uint8
        assert (images != PIXELS).any(axis=(1, 2, 3)).all(), name
    erased = (shown["effect: erase"] != PIXELS).any(axis=3)
    for image in erased:  # one box, and nothing of another effect
        rows, columns = image.any(axis=1), image.any(axis=0)
        assert rows[:, None][rows].all()
        assert image[np.ix_(rows, columns)].mean() > 0.95
