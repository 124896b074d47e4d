"""How a phantom lesion is photographed: pose, skin, hairs, gel bubbles, ruler, light and noise.

All of it is drawn from the same distributions for every class.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import correlate1d

from dermaflow.data.sources.phantoms.canvas import Canvas, Floats, Points, Pose, blend
from dermaflow.data.sources.phantoms.lesions import Lesion, paint_lesion
from dermaflow.data.sources.phantoms.same_everywhere import cosine, distance, mean, sine

SIDE = 96  # of the images, in pixels


def make_canvas(lesion: Lesion, rng: np.random.Generator) -> Canvas:
    """Place the lesion in the frame: turned freely, off centre, nearer or farther."""
    x, y = SIDE * rng.uniform(0.44, 0.56, 2)
    radius = SIDE * lesion.size * rng.uniform(0.92, 1.08)
    return Canvas(SIDE, Pose((x, y), radius, rng.uniform(0, 2 * np.pi)))


def take_mask(lesion: Lesion, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Mask of the shot that ``take_picture`` makes of an equal generator: 255 inside, else 0."""
    inside = lesion.outline.inside(make_canvas(lesion, rng)) > 0
    return inside.astype(np.uint8) * np.uint8(255)


def take_picture(lesion: Lesion, rng: np.random.Generator) -> NDArray[np.uint8]:
    """One shot of the lesion, uint8 (96, 96, 3)."""
    canvas = make_canvas(lesion, rng)
    skin = np.broadcast_to(lesion.skin, (SIDE, SIDE, 3))
    image = _shade(paint_lesion(lesion, canvas, skin), canvas, rng)
    if rng.random() < 0.45:
        image = _add_hairs(image, canvas, rng)
    if rng.random() < 0.25:
        image = _add_bubbles(image, canvas, rng)
    if rng.random() < 0.15:
        image = _add_ruler(image, canvas, rng)
    image = _expose(image, rng)
    image = _blur(image, rng.uniform(0, 0.6))
    image += rng.normal(0, rng.uniform(0.004, 0.02), image.shape)
    picture: NDArray[np.uint8] = (np.clip(image, 0, 1) * 255).round().astype(np.uint8)
    return picture


def _shade(image: Floats, canvas: Canvas, rng: np.random.Generator) -> Floats:
    """The skin's relief, slanting light and vignette."""
    x, y = (axis / (SIDE / 2) - 1 for axis in canvas.pixels)
    slant = rng.normal(0, 0.04, 2)
    vignette = rng.uniform(0, 0.22) * (x * x + y * y) / 2
    relief = 0.04 * canvas.noise(rng, 0.1) + 0.03 * canvas.noise(rng, 0.3)
    light = 1 + relief + slant[0] * x + slant[1] * y - vignette
    shaded: Floats = (image * light[..., None]).astype(np.float32)
    return shaded


def _add_hairs(image: Floats, canvas: Canvas, rng: np.random.Generator) -> Floats:
    """One to seven thin arcs across the frame, mostly dark."""
    lines: list[Points] = []
    t = np.linspace(-1, 1, 7)
    for _ in range(int(rng.integers(1, 8))):
        angle, bend = rng.uniform(0, np.pi), rng.normal(0, 8)
        along, across = rng.uniform(0.25, 0.8) * SIDE * t, bend * (1 - t * t)
        centre = rng.uniform(0.1, 0.9, 2) * SIDE
        cos, sin = cosine(angle), sine(angle)
        lines.append(centre + np.stack([cos * along - sin * across, sin * along + cos * across], 1))
    colour = np.array([0.16, 0.10, 0.08]) + rng.beta(1, 4) * np.array([0.5, 0.4, 0.25])
    widths = rng.uniform(0.7, 1.5, len(lines))
    return blend(image, colour, 0.85 * canvas.pixel_strokes(lines, widths, taper=0.4, soft=0.5))


def _add_bubbles(image: Floats, canvas: Canvas, rng: np.random.Generator) -> Floats:
    """One to three bubbles in the immersion gel: a bright thin ring around a lighter disc."""
    x, y = canvas.pixels
    for _ in range(int(rng.integers(1, 4))):
        centre, radius = rng.uniform(0, SIDE, 2), rng.uniform(3, 8)
        away = distance(x - centre[0], y - centre[1])
        ring = np.clip(1 - np.abs(away - radius), 0, 1)
        image = blend(image, (1, 1, 1), 0.55 * ring + 0.08 * (away < radius))
    return image


def _add_ruler(image: Floats, canvas: Canvas, rng: np.random.Generator) -> Floats:
    """Millimetre ticks along one edge, every fifth longer."""
    pitch, phase = rng.uniform(5, 8), rng.uniform(0, 5)
    places = np.arange(phase, SIDE, pitch)
    depths = np.where(np.arange(len(places)) % 5 == 0, 9.0, 5.0)
    ends = np.stack([np.stack([places, depth], 1) for depth in (depths * 0, depths)], 1)
    drawn = canvas.pixel_strokes(list(ends), 1.1, soft=0.5)
    return blend(image, (0.1, 0.1, 0.12), 0.8 * np.rot90(drawn, int(rng.integers(4))))


def _expose(image: Floats, rng: np.random.Generator) -> Floats:
    """Give the picture a contrast and then a mean colour drawn at random, whatever it shows.

    Like a camera's automatic exposure and white balance; it leaves nothing of a class in the mean.
    """
    colour, grey = mean(image, (0, 1)), mean(image, 2)
    gain = rng.uniform(0.085, 0.14) / math.sqrt(mean((grey - mean(grey)) ** 2))
    balance = rng.uniform(0.88, 1.14, 3)
    balanced = colour + (image - colour) * (min(max(gain, 0.5), 2) * balance)
    brightness = rng.uniform(0.46, 0.66)
    target = brightness * np.array([1.2, rng.uniform(0.86, 0.97), rng.uniform(0.74, 0.92)])
    exposed: Floats = (balanced * (target / colour)).astype(np.float32)
    return exposed


def _blur(image: Floats, sigma: float) -> Floats:
    """A Gaussian blur of up to two pixels either way."""
    # Rounded, since the system's exponential differs in its last bit.
    side = [round(math.exp(-0.5 * (step / max(sigma, 1e-3)) ** 2), 9) for step in (1, 2)]
    weights = np.array([side[1], side[0], 1, side[0], side[1]]) / (1 + 2 * side[0] + 2 * side[1])
    blurred: Floats = correlate1d(correlate1d(image, weights, axis=0), weights, axis=1)
    return blurred
