"""Drawing primitives for phantoms: shapes that stay fixed to a lesion however it is photographed.

Lesion coordinates have their origin in the lesion and unit length about its radius. A ``Pose`` puts
them on the pixel grid, so that every shot of a lesion shows the same geometry. Primitives return
coverages, float32 (S, S) in 0 … 1, and draw the same random numbers whatever the pose.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import KDTree

from dermaflow.data.sources.phantoms.same_everywhere import cosine, direction, distance, sine

Floats = NDArray[np.float32]
Points = NDArray[np.float64]  # (N, 2): x, y

_TABLE = 64  # side of the noise lattice, in cells; it repeats beyond
_REACH = 1.45  # distance from the centre within which cells are drawn, in lesion units


def smoothstep(low: float, high: float, values: Floats) -> Floats:
    """0 below ``low``, 1 above ``high``, and 3t² - 2t³ between."""
    t: Floats = np.clip((values - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def blend(image: Floats, colour: ArrayLike, coverage: Floats) -> Floats:
    """Lay ``colour``, (3,) or (S, S, 3), over ``image`` where ``coverage`` is."""
    blended: Floats = image + coverage[..., None] * (np.asarray(colour, np.float32) - image)
    return blended


@dataclass(frozen=True)
class Pose:
    """How lesion coordinates lie on the image.

    Attributes:
        centre: of the lesion, in pixels.
        radius: pixels a unit of lesion coordinates.
        angle: of rotation, in radians.
    """

    centre: tuple[float, float]
    radius: float
    angle: float


@dataclass(frozen=True)
class Canvas:
    """A square pixel grid of side ``size`` seen through a pose."""

    size: int
    pose: Pose

    @cached_property
    def pixels(self) -> tuple[Floats, Floats]:
        """Pixel coordinates x and y, each (S, S)."""
        y, x = np.indices((self.size, self.size), dtype=np.float32)
        return x, y

    @cached_property
    def lesion(self) -> tuple[Floats, Floats]:
        """Lesion coordinates u and v of the pixels, each (S, S)."""
        x, y = self.pixels
        dx = (x - self.pose.centre[0]) / self.pose.radius
        dy = (y - self.pose.centre[1]) / self.pose.radius
        cos, sin = cosine(self.pose.angle), sine(self.pose.angle)
        return (
            (cos * dx + sin * dy).astype(np.float32),
            (cos * dy - sin * dx).astype(np.float32),
        )

    def to_pixels(self, points: Points) -> Points:
        """Lesion coordinates (N, 2) to pixel coordinates (N, 2)."""
        cos, sin = cosine(self.pose.angle), sine(self.pose.angle)
        u, v = np.asarray(points).T
        turned = np.stack([u * cos - v * sin, u * sin + v * cos], 1)
        pixels: Points = turned * self.pose.radius + self.pose.centre
        return pixels

    def noise(self, rng: np.random.Generator, cell: float) -> Floats:
        """Value noise of about -1 … 1 whose bumps are ``cell`` lesion units wide."""
        lattice = rng.uniform(-1, 1, (_TABLE, _TABLE)).astype(np.float32)
        column, row = (np.floor(axis / cell).astype(np.intp) for axis in self.lesion)
        s = smoothstep(0, 1, self.lesion[0] / cell - column.astype(np.float32))
        t = smoothstep(0, 1, self.lesion[1] / cell - row.astype(np.float32))
        lattice = np.pad(lattice, (0, 1), mode="wrap")
        column, row = column % _TABLE, row % _TABLE
        upper = lattice[row, column] * (1 - s) + lattice[row, column + 1] * s
        lower = lattice[row + 1, column] * (1 - s) + lattice[row + 1, column + 1] * s
        noise: Floats = upper + (lower - upper) * t
        return noise

    def cells(
        self, rng: np.random.Generator, spacing: float, jitter: float
    ) -> tuple[Floats, Floats]:
        """Cells around the points of a jittered triangular lattice.

        Their borders form the mesh of a pigment network (Worley 1996, doi:10.1145/237170.237267).

        Args:
            spacing: of neighbouring points, in lesion units.
            jitter: largest shift of a point, in spacings; 0 gives a honeycomb.

        Returns:
            Distance to the nearest point and how much farther the second is (0 on a border), in
            spacings, each (S, S); 1 far from the lesion.
        """
        count = int(np.ceil(2 * _REACH / spacing)) + 2
        row, column = np.indices((int(count * 1.2), count))
        lattice = np.stack([column + row % 2 / 2, row * np.sqrt(0.75)], -1).reshape(-1, 2)
        points = lattice - lattice.mean(0) + rng.uniform(-jitter, jitter, lattice.shape)
        places = np.stack(self.lesion, -1)
        near = distance(*self.lesion) < _REACH
        distances, _ = KDTree(points).query(places[near] / spacing, k=2)
        nearest, border = np.ones((2, *near.shape), np.float32)
        nearest[near], border[near] = distances[:, 0], distances[:, 1] - distances[:, 0]
        return nearest, border

    def discs(self, centres: Points, radii: ArrayLike, soft: float = 0.7) -> Floats:
        """Union of discs, in lesion coordinates; ``soft`` is the width of their rim in pixels."""
        places = self.to_pixels(centres)
        sizes = np.broadcast_to(radii, len(places)) * self.pose.radius
        return self._union(places, places, sizes, sizes, soft)

    def strokes(
        self, lines: Sequence[Points], widths: ArrayLike, taper: float = 0, soft: float = 0.7
    ) -> Floats:
        """Union of polylines with round ends, in lesion coordinates.

        Args:
            lines: each (K, 2).
            widths: of the lines at their start.
            taper: share of the width that is lost towards the end.
            soft: width of the rim, in pixels.
        """
        thick = np.broadcast_to(widths, len(lines)) * self.pose.radius
        return self.pixel_strokes([self.to_pixels(line) for line in lines], thick, taper, soft)

    def pixel_strokes(
        self, lines: Sequence[Points], widths: ArrayLike, taper: float = 0, soft: float = 0.7
    ) -> Floats:
        """Like ``strokes``, with lines and widths in pixels."""
        halves = np.broadcast_to(widths, len(lines)) / 2
        radii = [
            r * (1 - taper * np.linspace(0, 1, len(x))) for r, x in zip(halves, lines, strict=True)
        ]
        return self._union(
            np.concatenate([line[:-1] for line in lines]),
            np.concatenate([line[1:] for line in lines]),
            np.concatenate([r[:-1] for r in radii]),
            np.concatenate([r[1:] for r in radii]),
            soft,
        )

    def _union(
        self,
        starts: Points,
        ends: Points,
        first: NDArray[np.float64],
        last: NDArray[np.float64],
        soft: float,
    ) -> Floats:
        """Union of capsules whose radius goes from ``first`` to ``last``; all in pixels."""
        total = np.zeros((self.size, self.size), np.float32)
        reach = np.maximum(first, last)[:, None] + soft
        lows = np.clip(np.minimum(starts, ends) - reach, 0, self.size).astype(int)
        highs = np.clip(np.maximum(starts, ends) + reach + 2, 0, self.size).astype(int)
        # Plain floats: numpy's own scalars would turn the float32 grid into float64.
        shapes = np.column_stack([starts, ends - starts, first, last - first]).tolist()
        for (x, y, dx, dy, radius, growth), low, high in zip(shapes, lows, highs, strict=True):
            window = np.s_[low[1] : high[1], low[0] : high[0]]
            px, py = self.pixels[0][window] - x, self.pixels[1][window] - y
            # Place of the nearest point along the axis: 0 at the start, 1 at the end.
            t = (px * dx + py * dy) / max(dx * dx + dy * dy, 1e-9)
            t = np.minimum(np.maximum(t, 0), 1)
            px, py = px - t * dx, py - t * dy
            depth = radius + t * growth - np.sqrt(px * px + py * py)
            coverage = np.minimum(np.maximum(depth / (2 * soft) + 0.5, 0), 1)
            np.maximum(total[window], coverage, out=total[window])
        return total


@dataclass(frozen=True)
class Outline:
    """A closed star-shaped border: radius(θ) = 1 + Σ a_k cos(kθ + φ_k), stretched along u.

    Attributes:
        amplitudes: a_k, (K,), k counted from 1.
        phases: φ_k, (K,), in radians.
        stretch: long over short axis, at least 1; the area stays.
    """

    amplitudes: NDArray[np.float64]
    phases: NDArray[np.float64]
    stretch: float

    def inside(self, canvas: Canvas) -> Floats:
        """Distance from the border along the ray from the centre, positive inside, (S, S)."""
        u, v = canvas.lesion
        longer = np.float32(math.sqrt(self.stretch))
        u, v = u / longer, v * longer
        inside: Floats = (self.radius(direction(v, u)) - distance(u, v)).astype(np.float32)
        return inside

    def radius(self, theta: NDArray[np.floating]) -> NDArray[np.floating]:
        """Radius of the unstretched border in direction ``theta``, in lesion units."""
        result = np.ones_like(theta)
        for k, (amplitude, phase) in enumerate(zip(self.amplitudes, self.phases, strict=True), 1):
            result += float(amplitude) * cosine(k * theta + float(phase))
        return result

    def points(self, theta: NDArray[np.floating], depth: ArrayLike) -> Points:
        """Points at ``depth`` (0 the centre, 1 the border) in directions ``theta``, (N, 2)."""
        rho = self.radius(theta) * np.asarray(depth)
        longer = math.sqrt(self.stretch)
        return np.stack([rho * cosine(theta) * longer, rho * sine(theta) / longer], 1)
