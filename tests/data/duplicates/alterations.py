"""Changes that a lesion's second picture may show."""

import cv2
import numpy as np


def _warp(pixels, matrix):
    height, width = pixels.shape[:2]
    return cv2.warpPerspective(
        pixels, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
    )


def _move(pixels, angle=0.0, zoom=1.0, shift=(0.0, 0.0)):
    height, width = pixels.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), angle, zoom)
    matrix[:, 2] += np.array(shift) * (width, height)
    return _warp(pixels, np.vstack([matrix, [0, 0, 1]]))


def _tilt(pixels, rng):
    height, width = pixels.shape[:2]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    moved = corners + rng.uniform(-0.06, 0.06, (4, 2)) * (width, height)
    return _warp(pixels, cv2.getPerspectiveTransform(corners, moved.astype(np.float32)))


def _scale_values(pixels, factor):
    return np.clip(pixels * factor, 0, 255).astype(np.uint8)


def compress(pixels, quality):
    """Encode as JPEG and decode again."""
    encoded = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return cv2.imdecode(encoded, cv2.IMREAD_COLOR)


# In the order in which several are applied.
ALTERATIONS = {
    "quarter turn": lambda p, rng: np.ascontiguousarray(np.rot90(p)),
    "half turn": lambda p, rng: np.ascontiguousarray(p[::-1, ::-1]),
    "turn": lambda p, rng: _move(p, angle=rng.uniform(0, 360)),
    "flip": lambda p, rng: np.ascontiguousarray(p[:, ::-1] if rng.random() < 0.5 else p[::-1]),
    "zoom": lambda p, rng: _move(
        p, zoom=rng.uniform(0.7, 1.4), shift=rng.uniform(-0.12, 0.12, size=2)
    ),
    "perspective": _tilt,
    "brightness": lambda p, rng: _scale_values(
        p, rng.uniform(0.8, 0.9) if rng.random() < 0.5 else rng.uniform(1.1, 1.2)
    ),
    "colour cast": lambda p, rng: _scale_values(p, rng.uniform(0.85, 1.15, 3)),
    "blur": lambda p, rng: cv2.GaussianBlur(p, (0, 0), rng.uniform(0.8, 1.8)),
    "compression": lambda p, rng: compress(p, 30),
}


def _squeeze(pixels, rng):
    """By 3 to 8 % along one axis, and as much wider across it, as by a lens held askew."""
    height, width = pixels.shape[:2]
    angle, factor = rng.uniform(0, np.pi), 1 + rng.choice([-1, 1]) * rng.uniform(0.03, 0.08)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    linear = turn @ np.diag([factor, 1 / factor]) @ turn.T
    centre = np.array([width / 2, height / 2])
    matrix = np.column_stack([linear, centre - linear @ centre])
    return _warp(pixels, np.vstack([matrix, [0, 0, 1]]))


def _light(pixels, rng):
    """From another side, of another colour and strength."""
    height, width = pixels.shape[:2]
    y, x = np.mgrid[:height, :width]
    angle = rng.uniform(0, 2 * np.pi)
    slope = np.cos(angle) * (x / width - 0.5) + np.sin(angle) * (y / height - 0.5)
    gain = (1 + rng.uniform(0.2, 0.5) * slope)[..., None] * rng.uniform(0.85, 1.15, 3)
    return _scale_values((pixels / 255) ** rng.uniform(0.75, 1.35) * gain, 255)


def _vignette(pixels, rng):
    """Corners as dark as the edge of a dermatoscope leaves them."""
    height, width = pixels.shape[:2]
    y, x = np.mgrid[:height, :width]
    radius = np.hypot(x / (width / 2) - 1, y / (height / 2) - 1)
    edge = 1 / (1 + np.exp((rng.uniform(0.9, 1.15) - radius) / 0.06))
    return _scale_values(pixels, (1 - rng.uniform(0.3, 0.7) * edge)[..., None])


# What published pairs of one lesion under two ids show, in the order in which several are applied.
RESHOTS = {
    "shift": lambda p, rng: _move(p, shift=rng.uniform(-0.08, 0.08, size=2)),
    "squeeze": _squeeze,
    "light": _light,
    "vignette": _vignette,
}


def reshoot(pixels, number, rng):
    """The picture as it may have been taken a second time: with one of these, or with all.

    Args, and what is returned: as of ``alter``.
    """
    names = list(RESHOTS)
    chosen = names if number % 2 else [names[number // 2 % len(names)]]
    for name in chosen:
        pixels = RESHOTS[name](pixels, rng)
    return chosen, compress(pixels, 82)


def alter(pixels, number, rng):
    """The picture with one alteration, or for every other number with two to five.

    Args:
        pixels: BGR, uint8 (H, W, 3).
        number: of the picture; decides which alterations.
        rng: decides how strong they are.

    Returns:
        Their names, and the altered picture, compressed at quality 82 as its original is.
    """
    names = list(ALTERATIONS)
    chosen = [names[number // 2 % len(names)]]
    if number % 2:
        several = set(rng.choice(names, int(rng.integers(2, 6)), replace=False))
        chosen = [name for name in names if name in several]
    for name in chosen:
        pixels = ALTERATIONS[name](pixels, rng)
    return chosen, compress(pixels, 82)
