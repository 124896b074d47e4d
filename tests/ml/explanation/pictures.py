"""A picture with a square in it, and functions of which it is known what they look at."""

import numpy as np
import torch

SIDE = 32
SQUARE = (slice(8, 24), slice(8, 16))


class ContrastInSquare(torch.nn.Module):
    """Two classes; the first one's logit is the contrast between neighbours in the square."""

    def forward(self, images):
        square = images[:, :, SQUARE[0], SQUARE[1]]
        contrast = (square[..., 1:] - square[..., :-1]).square().mean((1, 2, 3))
        return torch.stack([contrast * 4, torch.zeros_like(contrast)], 1)


def linear_in_square(pixels):
    """Mean value inside the square, as a share of full white."""
    return pixels[:, SQUARE[0], SQUARE[1]].mean((1, 2, 3), dtype=np.float64).astype("f4") / 255
