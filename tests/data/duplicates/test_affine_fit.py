"""A known map is found again, and one that no camera makes is not."""

import numpy as np
import pytest

from dermaflow.data.duplicates.affine_fit import Affine, fit_affine

POINTS = np.random.default_rng(0).integers(0, 5000, (40, 2))


def moved(matrix, shift=(0, 0)):
    return np.rint(POINTS @ np.array(matrix).T + shift).astype(np.int64)


@pytest.mark.parametrize(
    "matrix", [[[1, 0], [0, 1]], [[0.6, -0.8], [0.8, 0.6]], [[1.1, 0.05], [0, 0.95]]]
)
def test_a_known_map_is_found_again(matrix):
    fitted = fit_affine(POINTS, moved(matrix, (300, -40)), 1.3)
    assert fitted[:4] == pytest.approx(np.ravel(matrix), abs=1e-3)
    assert fitted[4:] == pytest.approx((300, -40), abs=2)
    assert fitted.misses(POINTS, moved(matrix, (300, -40))).max() < 4
    assert fitted.zoom == pytest.approx(abs(np.linalg.det(matrix)) ** 0.5, abs=1e-3)


def test_a_point_that_lies_elsewhere_misses_by_its_distance():
    there = POINTS.copy()
    there[3] += (30, 40)
    misses = Affine(1, 0, 0, 1, 0, 0).misses(POINTS, there)
    assert misses[3] == 2500
    assert misses.sum() == 2500


@pytest.mark.parametrize("matrix", [[[1.3, 0], [0, 0.9]], [[1, 0], [0, -1]], [[1, 0.6], [0, 1]]])
def test_what_is_squeezed_too_much_or_mirrored_is_fitted_without_squeezing(matrix):
    fitted = fit_affine(POINTS, moved(matrix), 1.3)
    assert (fitted.a, fitted.b) == (fitted.d, -fitted.c)


def test_points_on_a_line_tell_no_squeezing_and_one_point_nothing():
    line = np.array([[0, 0], [100, 100], [300, 300]])
    fitted = fit_affine(line, line[:, ::-1] * 2, 1.3)
    assert fitted.zoom == pytest.approx(2)
    assert fit_affine(line[[1, 1, 1]], line, 1.3) is None


def test_the_order_of_the_points_changes_no_bit():
    there = moved([[0.7, -0.5], [0.5, 0.72]], (11, 5)) + np.arange(80).reshape(40, 2) % 7
    order = np.random.default_rng(1).permutation(40)
    assert fit_affine(POINTS, there, 1.3) == fit_affine(POINTS[order], there[order], 1.3)
