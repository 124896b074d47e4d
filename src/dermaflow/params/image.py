"""Size of the images that every stage works on, and what a file may hold at most."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from dermaflow.params.base import Params, PositiveInt


class ImageParams(Params):
    """Size of the stored images, and the caps a file must respect to be decoded."""

    height: Annotated[int, Field(ge=32, le=1024)]  # pixels
    width: Annotated[int, Field(ge=32, le=1024)]  # pixels
    max_bytes: PositiveInt  # of the encoded file
    max_pixels: PositiveInt  # of the decoded image
