"""Views of an image that show the same lesion: test-time augmentation."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

# Of (N, C, H, W): as it is, mirrored left to right, mirrored top to bottom, and both: a half turn.
_FLIPS: tuple[list[int], ...] = ([], [3], [2], [2, 3])


def dihedral_views(images: Tensor, count: int) -> Iterator[Tensor]:
    """The images as they are, then mirrored and turned without a pixel being interpolated.

    Args:
        images: (N, C, H, W).
        count: 1, none but the images themselves; 2, and mirrored left to right; 4, and mirrored top
            to bottom, and turned by half; 8, and all four transposed, which are the quarter turns
            and the mirrorings in a diagonal: the whole symmetry of a square.

    Yields:
        ``count`` tensors of the shape of ``images``, channels_last.

    Raises:
        ValueError: of any other count, or of 8 where the images are not square.
    """
    if count not in (1, 2, 4, 8):
        raise ValueError(f"there are 1, 2, 4 or 8 views of an image, not {count}")
    height, width = images.shape[2:]
    if count == 8 and height != width:
        raise ValueError(f"8 views need square images, not {height} x {width} pixels")
    for upright in (images, images.transpose(2, 3)) if count == 8 else (images,):
        for axes in _FLIPS[:count]:
            yield upright.flip(axes).contiguous(memory_format=torch.channels_last)
