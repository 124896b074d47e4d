"""From the CPU to where images are."""

from __future__ import annotations

from torch import Tensor


def beside(values: Tensor, images: Tensor) -> Tensor:
    """``values`` of the CPU on the device of ``images``; a GPU that is at work is not awaited.

    Memory that is not pinned is copied before CUDA returns, so that ``values`` may go at once.
    """
    return values.to(images.device, non_blocking=True)
