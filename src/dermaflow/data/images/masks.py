"""Lesion masks, read from their store."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dermaflow.data.images.image_store import ImageStore
from dermaflow.data.images.pixel_modes import Pixels


def read_mask(mask_store: ImageStore, image_id: str) -> NDArray[np.bool_] | None:
    """Where the lesion is, bool (H, W); None where no mask is stored."""
    if image_id not in mask_store:
        return None
    mask: Pixels = mask_store.read([image_id])[0, :, :, 0]
    return mask > 127
