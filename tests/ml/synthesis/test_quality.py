"""Variety and copying of synthetic sets whose answers are known."""

import numpy as np
import pytest

from dermaflow.ml.synthesis.quality import compare_sets


def images(count, seed, spread=60):
    """Flat images of random colours, so that shrinking changes nothing."""
    colours = np.random.default_rng(seed).normal(120, spread, (count, 1, 1, 3)).clip(0, 255)
    return np.broadcast_to(colours, (count, 32, 32, 3)).astype(np.uint8)


def test_a_set_from_the_same_distribution_scores_about_one():
    scores = compare_sets(images(80, 1), images(80, 2))
    assert scores["diversity"] == pytest.approx(1, abs=0.2)
    assert scores["nearest_ratio"] == pytest.approx(1, abs=0.35)


def test_copies_have_no_distance_to_their_originals():
    real = images(30, 1)
    assert compare_sets(real, real[:10])["nearest_ratio"] == 0


def test_mode_collapse_shows_as_missing_diversity():
    collapsed = np.repeat(images(1, 3), 20, axis=0)
    assert compare_sets(images(30, 1), collapsed)["diversity"] == 0


def test_too_few_images_give_no_figures():
    assert compare_sets(images(1, 1), images(5, 2)) == {}
