"""Pictures of spots with a texture of their own, and how they are turned."""

import cv2
import numpy as np

HEIGHT, WIDTH = 120, 160


def draw(number):
    """A picture of a spot with a texture of its own on skin."""
    rng = np.random.default_rng(number)
    x, y = np.meshgrid(np.arange(WIDTH) - WIDTH / 2, np.arange(HEIGHT) - HEIGHT / 2)
    spot = 1 / (1 + np.exp((np.hypot(x, y) - rng.uniform(30, 45)) / 3))
    rough = cv2.GaussianBlur(rng.normal(0, 1, (HEIGHT, WIDTH)), (0, 0), rng.uniform(2, 4))
    grey = 0.75 - spot * (0.35 + 0.25 * rough / rough.std())
    tint = np.array([1, 0.8, 0.7]) * rng.uniform(0.9, 1.1, 3)
    return (np.clip(grey[..., None] * tint, 0, 1) * 255).astype(np.uint8)


def turn(pixels, angle, zoom=1.0):
    matrix = cv2.getRotationMatrix2D((WIDTH / 2, HEIGHT / 2), angle, zoom)
    return cv2.warpAffine(pixels, matrix, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REFLECT_101)


def mirror(pixels):
    return np.ascontiguousarray(pixels[:, ::-1])


def blank():
    """A picture without any feature."""
    return np.full((HEIGHT, WIDTH, 3), 180, np.uint8)
