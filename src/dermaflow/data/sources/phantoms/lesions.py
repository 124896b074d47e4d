"""How a phantom of each class looks: its outline and the structures drawn inside.

The structures are those by which dermoscopy tells the classes apart (Kittler et al. 2016,
"Standardization of terminology in dermoscopy", doi:10.1016/j.jaad.2015.12.038), simplified. Skin
and pigment colours come from one distribution for all classes.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from dermaflow.data.sources.phantoms.canvas import (
    Canvas,
    Floats,
    Outline,
    Points,
    blend,
    smoothstep,
)
from dermaflow.data.sources.phantoms.same_everywhere import cosine, distance, sine

Colour = Floats  # (3,): red, green, blue in 0 … 1

_WHITE = np.array([0.97, 0.94, 0.90], np.float32)
_BLUE_GREY = np.array([0.38, 0.42, 0.52], np.float32)
_BLUE_WHITE = np.array([0.55, 0.61, 0.72], np.float32)
_BLACK = np.array([0.10, 0.07, 0.07], np.float32)
_RED = np.array([0.70, 0.16, 0.17], np.float32)
_PURPLE = np.array([0.36, 0.08, 0.26], np.float32)


@dataclass(frozen=True)
class Lesion:
    """What all shots of a lesion share.

    Attributes:
        label: class code.
        outline: of the lesion, the border of its mask.
        size: radius as a share of the image's side.
        skin: colour around it.
        body: colour of its even part.
        seed: of its inner structures.
    """

    label: str
    outline: Outline
    size: float
    skin: Colour
    body: Colour
    seed: int


@dataclass(frozen=True)
class _Look:
    rough: float  # size of the border's harmonics
    stretch: float  # largest ratio of the axes
    paint: Callable[[Lesion, Canvas, np.random.Generator, Floats], Floats]


def make_lesion(label: str, rng: np.random.Generator) -> Lesion:
    """Draw a lesion's outline, size and colours at random; ``label`` decides the outline's kind."""
    look = LOOKS[label]
    order = np.arange(1, 8)
    amplitudes = look.rough * rng.normal(size=7) / np.sqrt(order)
    amplitudes[0] /= 2  # the first harmonic mainly shifts the lesion
    phases = rng.uniform(0, 2 * np.pi, 7)
    outline = Outline(np.clip(amplitudes, -0.2, 0.2), phases, rng.uniform(1, look.stretch))
    size = rng.uniform(0.29, 0.39)
    fair, dark = np.array([0.93, 0.77, 0.70]), np.array([0.66, 0.46, 0.36])
    skin = fair + rng.beta(1.2, 1.8) * (dark - fair) + rng.normal(0, 0.015, 3)
    pigments = np.array([[0.60, 0.38, 0.24], [0.45, 0.29, 0.20], [0.72, 0.42, 0.38]])
    pigment = (rng.dirichlet(np.ones(3))[:, None] * pigments).sum(axis=0)
    body = skin + rng.uniform(0.35, 0.75) * (pigment - skin)
    seed = int(rng.integers(2**31))
    return Lesion(label, outline, size, skin.astype(np.float32), body.astype(np.float32), seed)


def paint_lesion(lesion: Lesion, canvas: Canvas, image: Floats) -> Floats:
    """Paint the lesion over an image of skin, float32 (S, S, 3)."""
    rng = np.random.default_rng(lesion.seed)
    return LOOKS[lesion.label].paint(lesion, canvas, rng, image)


def _paint_nv(lesion: Lesion, canvas: Canvas, rng: np.random.Generator, image: Floats) -> Floats:
    """Naevus: even brown body, regular pigment network that thins out at the rim."""
    inside = lesion.outline.inside(canvas)
    image = blend(image, lesion.body, 0.9 * smoothstep(-0.06, 0.25, inside))
    image = blend(image, lesion.body * 0.7, 0.5 * smoothstep(0.2, 0.9, inside))
    _, border = canvas.cells(rng, rng.uniform(0.29, 0.37), 0.14)
    lines = 1 - smoothstep(0.08, 0.36, border + 0.06 * canvas.noise(rng, 0.2))
    return blend(image, lesion.body * 0.4, 0.92 * lines * smoothstep(-0.04, 0.3, inside))


def _paint_mel(lesion: Lesion, canvas: Canvas, rng: np.random.Generator, image: Floats) -> Floats:
    """Melanoma: several colours, blue-white veil, one-sided atypical network, radial streaks."""
    inside = lesion.outline.inside(canvas)
    ragged = inside + 0.05 * canvas.noise(rng, 0.15)
    cover = smoothstep(-0.04, 0.05, ragged)
    side = rng.uniform(0, 2 * np.pi)
    u, v = canvas.lesion
    slope = u * np.float32(cosine(side)) + v * np.float32(sine(side))
    theta = side + np.pi + rng.uniform(-1.2, 1.2, 12)
    roots = lesion.outline.points(theta, 0.8)
    tips = lesion.outline.points(theta + rng.normal(0, 0.05, 12), rng.uniform(1.06, 1.3, 12))
    streaks = canvas.strokes(
        list(np.stack([roots, tips], 1)), rng.uniform(0.08, 0.16, 12), taper=0.5
    )
    image = blend(image, lesion.body * 0.36, 0.9 * streaks)
    image = blend(image, lesion.body * 0.85, 0.95 * cover)
    mottle = canvas.noise(rng, 0.45) - 0.5 * slope + 0.12 * canvas.noise(rng, 0.12)
    image = blend(image, lesion.body * 0.4, 0.95 * cover * smoothstep(-0.05, 0.25, mottle))
    image = blend(image, _BLACK, 0.85 * cover * smoothstep(0.45, 0.75, mottle))
    _, border = canvas.cells(rng, rng.uniform(0.34, 0.46), 0.42)
    lines = (1 - smoothstep(0.08, 0.32, border)) * smoothstep(0.1, 0.3, slope)
    image = blend(image, lesion.body * 0.3, 0.9 * cover * lines)
    centre = lesion.outline.points(side + rng.uniform(1.0, 2.2, 1), rng.uniform(0.35, 0.5))[0]
    away = distance(u - centre[0], v - centre[1]) / rng.uniform(0.5, 0.65)
    veil = smoothstep(-0.2, 0.5, 1 - away + 0.3 * canvas.noise(rng, 0.25))
    return blend(image, _BLUE_WHITE, 0.88 * cover * veil)


def _paint_bkl(lesion: Lesion, canvas: Canvas, rng: np.random.Generator, image: Floats) -> Floats:
    """Seborrhoeic keratosis: sharp border, milia-like cysts, comedo-like openings, fissures."""
    inside = lesion.outline.inside(canvas)
    cover = smoothstep(-0.02, 0.03, inside)
    waxy = lesion.body * 0.85 * (1 + 0.12 * canvas.noise(rng, 0.25)[..., None])
    image = blend(image, waxy, 0.97 * cover)
    rim = cover * (1 - smoothstep(0.02, 0.16, inside))
    image = blend(image, lesion.body * 0.5, 0.7 * rim)
    gyri = sine(9 * canvas.noise(rng, 0.5) + rng.uniform(0, 6)).astype(np.float32)
    fissures = rng.uniform(0.4, 0.8) * smoothstep(0.5, 0.95, gyri)
    image = blend(image, lesion.body * 0.42, cover * fissures)
    spots = scatter(rng, 17, 0.82, 0.25)
    cysts, openings = spots[::2], spots[1::2]
    comedos = canvas.discs(openings, rng.uniform(0.06, 0.11, len(openings)), soft=1)
    image = blend(image, lesion.body * 0.2, 0.92 * cover * comedos)
    bright = canvas.discs(cysts, rng.uniform(0.07, 0.14, len(cysts)), soft=1.4)
    return blend(image, _WHITE * [1, 0.98, 0.9], 0.92 * cover * bright)


def _paint_bcc(lesion: Lesion, canvas: Canvas, rng: np.random.Generator, image: Floats) -> Floats:
    """Basal cell carcinoma: pearly body, blue-grey ovoid nests, arborising vessels, white shine."""
    inside = lesion.outline.inside(canvas)
    pearly = lesion.body + 0.5 * (_WHITE * [1, 0.84, 0.82] - lesion.body)
    image = blend(image, pearly, 0.8 * smoothstep(-0.1, 0.2, inside))
    nests = scatter(rng, int(rng.integers(3, 7)), 0.75, 0.48)
    drawn = canvas.strokes(_dashes(rng, nests, 0.11), rng.uniform(0.22, 0.4, len(nests)), soft=1.6)
    image = blend(image, _BLUE_GREY, 0.85 * drawn)
    glints = scatter(rng, 5, 0.75, 0.3)
    drawn = canvas.strokes(_dashes(rng, glints, 0.12, parallel=True), 0.07)
    image = blend(image, _WHITE, 0.85 * drawn)
    vessels: list[tuple[Points, float]] = []
    headings = rng.uniform(0, 2 * np.pi) + np.array([0, 2.2]) + rng.uniform(-0.4, 0.4, 2)
    for heading in headings:
        root = np.array([cosine(heading), sine(heading)])
        vessels += _branch(rng, root, heading + np.pi, 0.11, 4)
    drawn = canvas.strokes([line for line, _ in vessels], [width for _, width in vessels], 0.28)
    return blend(image, _RED, 0.92 * drawn)


def _paint_akiec(lesion: Lesion, canvas: Canvas, rng: np.random.Generator, image: Floats) -> Floats:
    """Actinic keratosis: strawberry pattern (red around pale follicles) and white-yellow scale."""
    inside = lesion.outline.inside(canvas)
    cover = smoothstep(-0.15, 0.2, inside + 0.14 * canvas.noise(rng, 0.3))
    red = lesion.body + 0.6 * (_RED + 0.14 - lesion.body)
    red = red * (1 + 0.12 * canvas.noise(rng, 0.2)[..., None])
    image = blend(image, red, 0.85 * cover)
    nearest, _ = canvas.cells(rng, rng.uniform(0.36, 0.44), 0.18)
    nearest = nearest + 0.05 * canvas.noise(rng, 0.2)
    follicle = cover * (1 - smoothstep(0.24, 0.38, nearest))
    image = blend(image, _WHITE * [1, 0.94, 0.82], 0.85 * follicle)
    plug = cover * (1 - smoothstep(0.05, 0.17, nearest))
    image = blend(image, lesion.body * 0.5, 0.8 * plug)
    flaky = canvas.noise(rng, 0.38) + 0.25 * canvas.noise(rng, 0.1)
    scale = smoothstep(0.42, 0.62, flaky)
    return blend(image, _WHITE * [1, 0.98, 0.9], 0.85 * cover * scale)


def _paint_df(lesion: Lesion, canvas: Canvas, rng: np.random.Generator, image: Floats) -> Floats:
    """Dermatofibroma: white scar-like centre, delicate network around it, fading outwards."""
    inside = lesion.outline.inside(canvas)
    image = blend(image, lesion.body, 0.75 * smoothstep(-0.15, 0.3, inside))
    _, border = canvas.cells(rng, rng.uniform(0.2, 0.25), 0.2)
    lines = 1 - smoothstep(0.06, 0.36, border)
    image = blend(image, lesion.body * 0.5, 0.7 * lines * smoothstep(-0.1, 0.25, inside))
    depth = rng.uniform(0.4, 0.52)
    ragged = inside + 0.14 * canvas.noise(rng, 0.3) + 0.05 * canvas.noise(rng, 0.1)
    scar = smoothstep(depth - 0.12, depth + 0.16, ragged)
    return blend(image, _WHITE, (0.88 + 0.08 * canvas.noise(rng, 0.2)) * scar)


def _paint_vasc(lesion: Lesion, canvas: Canvas, rng: np.random.Generator, image: Floats) -> Floats:
    """Angioma: well-separated round lacunae, red to purple, between pale septa."""
    inside = lesion.outline.inside(canvas)
    septa = lesion.body + 0.45 * (_WHITE * [1, 0.82, 0.82] - lesion.body)
    image = blend(image, septa, 0.85 * smoothstep(-0.1, 0.15, inside))
    centres = scatter(rng, 16, 0.85, 0.4)
    widths = rng.uniform(0.24, 0.37, len(centres))
    lacunae = _dashes(rng, centres, 0.04)
    depth = rng.uniform(0, 0.6) + 0.4 * smoothstep(-0.5, 0.5, canvas.noise(rng, 0.5))
    tint = _RED * 0.9 + depth[..., None] * (_PURPLE - _RED * 0.9)
    image = blend(image, tint, 0.92 * canvas.strokes(lacunae, widths, soft=1))
    return blend(image, tint * 0.6, 0.7 * canvas.strokes(lacunae, widths * 0.55, soft=2))


def _dashes(
    rng: np.random.Generator, centres: Points, reach: float, *, parallel: bool = False
) -> list[Points]:
    """Lines through the centres, ``reach`` long to either side, turned at random."""
    angles = rng.uniform(0, np.pi, 1 if parallel else len(centres))
    steps = reach * np.stack([cosine(angles), sine(angles)], 1)
    return list(np.stack([centres - steps, centres + steps], 1))


def _branch(
    rng: np.random.Generator, start: Points, heading: float, width: float, depth: int
) -> list[tuple[Points, float]]:
    """A vessel that forks ``depth`` - 1 times: polylines and their widths, in lesion units."""
    turns = heading + np.cumsum(rng.normal(0, 0.4, 2))
    steps = rng.uniform(0.18, 0.26) * np.stack([cosine(turns), sine(turns)], 1)
    line = np.vstack([start, start + np.cumsum(steps, 0)])
    vessels = [(line, width)]
    if depth > 1:
        for side in (-1, 1):
            fork = turns[-1] + side * rng.uniform(0.35, 0.85)
            vessels += _branch(rng, line[-1], fork, width * 0.72, depth - 1)
    return vessels


def scatter(rng: np.random.Generator, count: int, reach: float, apart: float) -> Points:
    """Up to ``count`` points within ``reach`` of the centre, at least ``apart`` from each other."""
    candidates = rng.uniform(-reach, reach, (count * 12, 2))
    chosen: list[list[float]] = []
    for point in candidates[distance(*candidates.T) < reach].tolist():
        if len(chosen) < count and all(math.dist(point, other) >= apart for other in chosen):
            chosen.append(point)
    return np.array(chosen)


LOOKS: dict[str, _Look] = {
    "akiec": _Look(0.05, 1.3, _paint_akiec),
    "bcc": _Look(0.05, 1.25, _paint_bcc),
    "bkl": _Look(0.05, 1.35, _paint_bkl),
    "df": _Look(0.02, 1.15, _paint_df),
    "mel": _Look(0.11, 1.35, _paint_mel),
    "nv": _Look(0.02, 1.3, _paint_nv),
    "vasc": _Look(0.03, 1.2, _paint_vasc),
}
