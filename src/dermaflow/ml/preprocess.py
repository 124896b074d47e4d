"""The one preprocessing object: ingest, training, evaluation, explanation and serving share it."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

# Channel statistics of ImageNet on [0, 1] RGB, which torchvision's and most public weights expect.
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)

ALLOWED_FORMATS = ("JPEG", "PNG", "BMP", "TIFF", "WEBP")


class ImageError(ValueError):
    """The bytes are no image that may be decoded; the text says why and holds none of the input."""


@dataclass(frozen=True)
class Preprocess:
    """From encoded bytes to the network's input.

    Attributes:
        height, width: size of the decoded image, in pixels.
        max_bytes: largest encoded file accepted.
        max_pixels: largest decoded image accepted (a guard against decompression bombs).
        mean, std: channel statistics on [0, 1] RGB.
    """

    height: int
    width: int
    max_bytes: int = 32 * 2**20
    max_pixels: int = 64_000_000
    mean: tuple[float, float, float] = IMAGENET_MEAN
    std: tuple[float, float, float] = IMAGENET_STD

    def open(self, encoded: bytes) -> Image.Image:
        """Decode bytes fully into an upright RGB image of its own size.

        Raises:
            ImageError: too large, no supported image, or damaged.
        """
        if not encoded:
            raise ImageError("empty file")
        if len(encoded) > self.max_bytes:
            raise ImageError(f"file larger than {self.max_bytes} bytes")
        try:
            with Image.open(io.BytesIO(encoded), formats=ALLOWED_FORMATS) as image:
                if image.width * image.height > self.max_pixels:
                    raise ImageError(f"image larger than {self.max_pixels} pixels")
                image.load()
                return ImageOps.exif_transpose(image).convert("RGB")
        except ImageError:
            raise
        except UnidentifiedImageError as error:
            raise ImageError("not a JPEG, PNG, BMP, TIFF or WebP image") from error
        except Image.DecompressionBombError as error:
            raise ImageError("decompression bomb") from error
        except (OSError, SyntaxError, ValueError) as error:
            raise ImageError("damaged or truncated image") from error

    def resize(self, image: Image.Image, *, mask: bool = False) -> NDArray[np.uint8]:
        """Scale to cover (height, width), keeping proportions, and cut out the centre.

        Returns:
            uint8 (H, W, 3); for a mask (H, W, 1) with values 0 and 255.
        """
        method = Image.Resampling.NEAREST if mask else Image.Resampling.BILINEAR
        fitted = ImageOps.fit(image, (self.width, self.height), method)
        if mask:
            return (np.asarray(fitted.convert("L"))[:, :, None] > 127).astype(np.uint8) * 255
        return np.asarray(fitted, np.uint8).copy()

    def decode(self, encoded: bytes) -> NDArray[np.uint8]:
        """Decode and resize: bytes to uint8 (H, W, 3). Raises ImageError."""
        return self.resize(self.open(encoded))

    def to_input(self, pixels: NDArray[np.uint8] | torch.Tensor) -> torch.Tensor:
        """Normalise uint8 (N, H, W, 3) to float32 (N, 3, H, W), on the device of ``pixels``."""
        images = torch.as_tensor(pixels)
        mean = torch.tensor(self.mean, device=images.device)
        std = torch.tensor(self.std, device=images.device)
        # (N, H, W, 3) permuted is channels_last memory already, which convolutions prefer.
        return ((images.float() / 255 - mean) / std).permute(0, 3, 1, 2)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready description, from which ``from_dict`` rebuilds an equal object."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Preprocess:
        """Inverse of ``to_dict``."""
        fields: dict[str, Any] = {
            k: tuple(v) if isinstance(v, list) else v for k, v in values.items()
        }
        return cls(**fields)
