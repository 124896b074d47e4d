"""Whether one picture can be laid over another by turning, shifting, zooming and mirroring.

Any two matched features tell how the pictures might lie. Those two that the most others agree with
are taken, and the map is fitted to all of these, now a little squeezed, too, as where a lens was
held askew. A feature agrees if it lies where it should, and is turned and scaled as the picture is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dermaflow.data.duplicates.affine_fit import Affine, fit_affine
from dermaflow.data.duplicates.keypoints import TURN, UNIT, Keypoints
from dermaflow.data.duplicates.match_threshold import FEWEST
from dermaflow.data.duplicates.matching import Matches, match

_TOLERANCE = 0.018  # of a picture's longer side, between where a feature is and where it should be
_APART = 0.04  # of the longer side: features nearer to each other tell no alignment
_SQUEEZE = 1.3
_ZOOM = (0.4, 2.5)
_TURN_OFF, _GROWTH_OFF = 21, 1.6  # by which a feature may be turned and scaled otherwise: 30°
_TRIED = 40  # matches that are tried, by two
_FITS = 3

# Rounded, so that the last bit of the system's cosine does not count.
_COSINES, _SINES = (
    np.array([round(wave(2 * math.pi * part / TURN), 9) for part in range(TURN)])
    for wave in (math.cos, math.sin)
)
_LEAST_COSINE = float(_COSINES[_TURN_OFF])

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Alignment:
    """How one picture lies over another.

    Attributes:
        agreeing: features that lie where they should.
        zoom: of the second picture against the first.
        turn: in degrees.
        mirrored: whether the first is seen in a mirror.
    """

    agreeing: int
    zoom: float
    turn: float
    mirrored: bool


def align(first: Keypoints, second: Keypoints, side: int, mirrored: bool) -> Alignment | None:
    """Lay the first picture over the second by their matched features.

    Args:
        first: features of one picture, already ``mirrored`` if it is to be.
        second: of the other.
        side: the longer side of the pictures, in pixels.
        mirrored: whether ``first`` is.

    Returns:
        None where no likely alignment is found.
    """
    if min(len(first), len(second)) < FEWEST:
        return None
    matches = match(first, second)
    if len(matches) < FEWEST:
        return None
    guesses = _guess(matches, _APART * side * UNIT)
    if not len(guesses):
        return None
    found = _fit(matches, guesses, (_TOLERANCE * side * UNIT) ** 2)
    if found is None:
        return None
    agreeing, affine = found
    cosine, sine = affine.turn
    turn = math.degrees(math.atan2(sine, cosine))
    return Alignment(agreeing, round(affine.zoom, 4), round(turn, 2), mirrored)


def _guess(matches: Matches, apart: float) -> Floats:
    """Maps that two matches tell, and agree with: a, c, e, f of ``Affine``, float64 (G, 4)."""
    tried = min(len(matches), _TRIED)
    i, j = np.triu_indices(tried, 1)
    turned = (matches.turns[i] - matches.turns[j] + TURN // 2) % TURN - TURN // 2
    alike = (np.abs(turned) <= _TURN_OFF) & _is_near(matches.growths[i], matches.growths[j])
    i, j = i[alike], j[alike]
    x, y = (matches.first[j] - matches.first[i]).T.astype(np.float64)
    u, v = (matches.second[j] - matches.second[i]).T.astype(np.float64)
    square = x * x + y * y
    far = square > apart * apart
    i, x, y, u, v, square = i[far], x[far], y[far], u[far], v[far], square[far]
    a, c = (x * u + y * v) / square, (x * v - y * u) / square
    zoom = np.sqrt(a * a + c * c)
    likely = (zoom > _ZOOM[0]) & (zoom < _ZOOM[1]) & _is_near(zoom, matches.growths[i])
    likely &= _is_turned(a, c, zoom, matches.turns[i])
    a, c, i = a[likely], c[likely], i[likely]
    (px, py), (qx, qy) = matches.first[i].T, matches.second[i].T
    return np.column_stack([a, c, qx - (a * px - c * py), qy - (c * px + a * py)])


def _fit(matches: Matches, guesses: Floats, tolerance: float) -> tuple[int, Affine] | None:
    """The best guess, improved: how many places agree with it, and the map."""
    a, c, e, f = (column[:, None] for column in guesses.T)
    (px, py), (qx, qy) = matches.first.T, matches.second.T
    across, down = a * px - c * py + (e - qx), c * px + a * py + (f - qy)
    zoom = np.sqrt(a * a + c * c)
    agree = across * across + down * down < tolerance
    agree &= _is_near(zoom, matches.growths) & _is_turned(a, c, zoom, matches.turns)
    counts = agree.sum(axis=1)
    place = int(counts.argmax())
    a, c, e, f = guesses[place].tolist()
    best, kept = Affine(a, -c, c, a, e, f), agree[place]
    for _ in range(_FITS):
        fitted = fit_affine(matches.first[kept], matches.second[kept], _SQUEEZE)
        if fitted is None or not _ZOOM[0] < fitted.zoom < _ZOOM[1]:
            break
        agree = _agreeing(matches, fitted, tolerance)
        if agree.sum() <= kept.sum():
            break
        best, kept = fitted, agree
    return _count_places(matches, kept), best


def _agreeing(matches: Matches, affine: Affine, tolerance: float) -> NDArray[np.bool_]:
    cosine, sine = affine.turn
    agree: NDArray[np.bool_] = affine.misses(matches.first, matches.second) < tolerance
    length = math.sqrt(cosine * cosine + sine * sine)
    agree &= _is_turned(cosine, sine, length, matches.turns)
    return agree & _is_near(affine.zoom, matches.growths)


def _count_places(matches: Matches, kept: NDArray[np.bool_]) -> int:
    """Features in different places: SIFT may find several in one, turned otherwise."""
    return min(
        len(np.unique(points[kept] // UNIT, axis=0)) for points in (matches.first, matches.second)
    )


def _is_near(one: Floats | float, other: Floats | float) -> NDArray[np.bool_]:
    """Whether two growths are alike."""
    near: NDArray[np.bool_] = np.less(one, _GROWTH_OFF * other) & np.less(other, _GROWTH_OFF * one)
    return near


def _is_turned(
    cosine: Floats | float, sine: Floats | float, length: Floats | float, turns: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Whether features are turned as the picture is, whose cosine and sine have a length."""
    projected = cosine * _COSINES[turns] + sine * _SINES[turns]
    turned: NDArray[np.bool_] = projected >= _LEAST_COSINE * length
    return turned
