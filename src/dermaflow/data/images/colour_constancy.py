"""Colour constancy: what the light adds to all colours of an image is taken out."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor  # ingest decodes without torch

# Grey levels; a channel that is darker on average tells nothing of the light.
_LEAST_LIGHT = 1.0


def shades_of_grey(images: Tensor, norm: float) -> Tensor:
    """Scale the channels so that the light, as estimated from the image, becomes white.

    Shades of grey (Finlayson & Trezzi 2004): the light's colour is e_c = (mean I_c^p)^(1/p),
    scaled to length 1, and each channel is multiplied by 1 / (sqrt(3) e_c), which leaves a grey
    light as it is. p = 1 is the grey world; a large p takes the brightest pixels for white.

    Args:
        images: float (N, H, W, 3), values 0-255.
        norm: p, at least 1; 6 was best in the paper.

    Returns:
        float (N, H, W, 3), values 0-255.
    """
    powers = (images / 255).pow(norm).mean(dim=(1, 2), keepdim=True)
    light = (powers.pow(1 / norm) * 255).clamp_min(_LEAST_LIGHT)
    length = light.square().mean(dim=3, keepdim=True).sqrt()
    return (images * (length / light)).clamp(0, 255)
