"""What a picture looks like in a few numbers, from the very pixels that the network sees.

By torch alone: the served model measures as evaluation does, and carries no other library for it.
"""

from __future__ import annotations

import torch
from torch import Tensor


def measure_pictures(pixels: Tensor) -> dict[str, Tensor]:
    """Contrast, sharpness and colour of each picture.

    Args:
        pixels: uint8 RGB (N, H, W, 3), with at least three pixels a side.

    Returns:
        Measure -> float32 (N,), on the same device:

        - contrast: standard deviation of the grey values, 0 to 127.5;
        - sharpness: base-10 logarithm of 1 + the variance of the Laplacian of the grey values (a
          common measure of focus: Pech-Pacheco et al. 2000, doi:10.1109/ICPR.2000.903548);
        - redness and yellowness: means of R - G and of (R + G) / 2 - B, -255 to 255 (the opponent
          colours of Hasler and Süsstrunk 2003, doi:10.1117/12.477378).
    """
    red, green, blue = pixels.float().unbind(-1)
    grey = 0.299 * red + 0.587 * green + 0.114 * blue
    inner = grey[:, 1:-1, 1:-1]
    sides = grey[:, :-2, 1:-1] + grey[:, 2:, 1:-1] + grey[:, 1:-1, :-2] + grey[:, 1:-1, 2:]
    laplacian = sides - 4 * inner
    return {
        "contrast": grey.flatten(1).std(1, correction=0),
        "sharpness": torch.log10(1 + laplacian.flatten(1).var(1, correction=0)),
        "redness": (red - green).mean((1, 2)),
        "yellowness": ((red + green) / 2 - blue).mean((1, 2)),
    }
