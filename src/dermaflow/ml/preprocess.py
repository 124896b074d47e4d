"""The one preprocessing object: ingest, training, evaluation, explanation and serving share it."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

if TYPE_CHECKING:
    import torch

# Channel statistics of ImageNet on [0, 1] RGB, which torchvision's and most public weights expect.
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)

ALLOWED_FORMATS = ("JPEG", "PNG", "BMP", "TIFF", "WEBP")

# First bytes of these formats, TIFF's in both byte orders and as BigTIFF.
_SIGNATURES = (b"\xff\xd8\xff", b"\x89PNG\r\n", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")

# A few bytes are a scan of a JPEG, and each makes the decoder go over all pixels: thousands keep it
# busy for hours. Cameras and editors write one to a dozen. A scan begins with its marker, its
# length and the number of its channels, which must agree.
_START_OF_SCAN = re.compile(rb"\xff\xda\x00(?:\x08\x01|\x0a\x02|\x0c\x03|\x0e\x04)")
_MAX_SCANS = 100


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
        """Decode the first frame into an upright RGB image of its own size.

        Transparent parts show white, and 16-bit greys keep their high byte's precision.

        Raises:
            ImageError: too large, no supported image, or damaged.
        """
        return self._load(encoded, _to_rgb)

    def open_mask(self, encoded: bytes) -> Image.Image:
        """Decode a mask into an upright image of its own size, mode L, 255 inside and 0 outside.

        Inside is what exceeds half of the mask's largest value, so that 0/1, 0/255 and 16-bit
        masks mean the same, and the noise of a lossy format means nothing. Raises ImageError.
        """
        return self._load(encoded, _to_binary)

    def resize(self, image: Image.Image) -> NDArray[np.uint8]:
        """Scale to cover (height, width), keeping proportions, and cut out the centre.

        Returns:
            uint8 (H, W, C), with C the image's channels.
        """
        fitted = ImageOps.fit(image, (self.width, self.height), Image.Resampling.BILINEAR)
        pixels = np.array(fitted, np.uint8)
        return pixels.reshape(self.height, self.width, -1)

    def decode(self, encoded: bytes) -> NDArray[np.uint8]:
        """Decode and resize: bytes to uint8 (H, W, 3). Raises ImageError."""
        return self.resize(self.open(encoded))

    def resize_mask(self, mask: Image.Image) -> NDArray[np.uint8]:
        """Scale and cut a mask as its image is: uint8 (H, W, 1), 255 inside, 0 outside."""
        return np.where(self.resize(mask) > 127, 255, 0).astype(np.uint8)

    def decode_mask(self, encoded: bytes) -> NDArray[np.uint8]:
        """Decode and resize a mask: bytes to uint8 (H, W, 1), 0 or 255. Raises ImageError."""
        return self.resize_mask(self.open_mask(encoded))

    def to_input(self, pixels: NDArray[np.uint8] | torch.Tensor) -> torch.Tensor:
        """Normalise uint8 (N, H, W, 3) to float32 (N, 3, H, W), on the device of ``pixels``."""
        import torch  # here, for ingest decodes without it

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

    def _load(self, encoded: bytes, convert: Callable[[Image.Image], Image.Image]) -> Image.Image:
        """Decode bytes into an upright image of the mode that is wanted. Raises ImageError."""
        if not encoded:
            raise ImageError("empty file")
        if len(encoded) > self.max_bytes:
            raise ImageError(f"file larger than {self.max_bytes} bytes")
        try:
            with Image.open(io.BytesIO(encoded), formats=ALLOWED_FORMATS) as image:
                # Pillow has read the header alone so far.
                if image.width * image.height > self.max_pixels:
                    raise ImageError(f"image larger than {self.max_pixels} pixels")
                if image.format in ("JPEG", "MPO") and _count_scans(encoded) > _MAX_SCANS:
                    raise ImageError(f"JPEG of more than {_MAX_SCANS} scans")
                image.load()
                return convert(_upright(image))
        except ImageError:
            raise
        except UnidentifiedImageError:
            if encoded.startswith(_SIGNATURES):
                raise ImageError("damaged or truncated image") from None
            raise ImageError("not a JPEG, PNG, BMP, TIFF or WebP image") from None
        except (Image.DecompressionBombError, Image.DecompressionBombWarning):
            raise ImageError(f"image larger than {self.max_pixels} pixels") from None
        # Decoders raise nearly anything on hostile bytes, with pieces of them in the text.
        except Exception:
            raise ImageError("damaged or truncated image") from None


def _upright(image: Image.Image) -> Image.Image:
    """Turn as EXIF says. An image whose EXIF is damaged is taken as it lies."""
    try:
        # Pillow's function copies what needs no turn, which is nearly every image.
        if image.getexif().get(ExifTags.Base.Orientation, 1) != 1:
            return ImageOps.exif_transpose(image)
    except Exception:  # as above; the pixels are sound
        pass
    return image


def _count_scans(encoded: bytes) -> int:
    return sum(1 for _ in _START_OF_SCAN.finditer(encoded))


def _is_deep(image: Image.Image) -> bool:
    """Whether it has more than 8 bits a channel, of which Pillow's ``convert`` clips the upper."""
    return image.mode.startswith("I;16")


def _to_binary(image: Image.Image) -> Image.Image:
    """White where the image exceeds half of its largest value, else black."""
    if _is_deep(image):
        grey = np.asarray(image)
        return Image.fromarray((grey > grey.max() / 2).astype(np.uint8) * 255)
    if image.mode not in ("L", "1", "I", "F"):
        image = image.convert("RGB")  # from which every mode has a way to grey
    grey_image = image if image.mode == "L" else image.convert("L")
    brightest = int(np.asarray(grey_image).max())
    return grey_image.point([255 * (2 * value > brightest) for value in range(256)])


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode in ("I", "F"):
        raise ImageError("32-bit pixels have no known range")
    if _is_deep(image):
        image = Image.fromarray((np.asarray(image) / 257 + 0.5).astype(np.uint8))
    if image.has_transparency_data:
        opaque = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(opaque, image.convert("RGBA"))
    return image if image.mode == "RGB" else image.convert("RGB")
