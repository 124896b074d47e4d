"""Functions as exact as pictures need, and sums that do not hang on their order."""

import numpy as np
import pytest

from dermaflow.data.sources.phantoms.same_everywhere import cosine, direction, distance, mean, sine

RANDOM = np.random.default_rng(0)
X, Y = RANDOM.uniform(-60, 60, (2, 10_000))


def test_waves_and_directions_are_those_of_the_library_but_for_the_last_digits():
    np.testing.assert_allclose(sine(X), np.sin(X), atol=1e-10)
    np.testing.assert_allclose(cosine(X), np.cos(X), atol=1e-10)
    np.testing.assert_allclose(direction(Y, X), np.arctan2(Y, X), atol=1e-8)
    np.testing.assert_allclose(distance(X, Y), np.hypot(X, Y))


@pytest.mark.parametrize(
    ("y", "x", "angle"),
    [(0, 0, 0), (0, 1, 0), (1, 1, 0.25), (1, 0, 0.5), (0, -1, 1), (-1, 0, -0.5), (-1, -1, -0.75)],
)
def test_directions_of_the_compass(y, x, angle):
    assert direction(y, x) == pytest.approx(angle * np.pi)


def test_means_are_the_same_in_whatever_order_values_are_added():
    values = RANDOM.random((40, 30, 3)).astype(np.float32)
    np.testing.assert_allclose(mean(values, (0, 1)), values.mean((0, 1)), atol=1e-6)
    np.testing.assert_allclose(mean(values, 2), values.mean(2), atol=1e-6)
    assert mean(values[::-1]) == mean(values) == mean(values.transpose(2, 0, 1))
