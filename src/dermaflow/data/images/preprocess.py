"""The one preprocessing object: ingest, training, evaluation, explanation and serving share it."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import PIL
from numpy.typing import NDArray
from PIL import ExifTags, Image, UnidentifiedImageError, features
from PIL.JpegImagePlugin import JpegImageFile

from dermaflow.data.images.colour_constancy import shades_of_grey
from dermaflow.data.images.colour_profiles import to_srgb
from dermaflow.data.images.pixel_modes import ImageError, halves, to_binary
from dermaflow.io.file_kinds import picture_kind

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
# To be raised with every change of this module or of `decoding` that changes a pixel or what is
# told of an image: a store takes over what the one before it has only where this is equal.
DECODING_VERSION = 4

# A JPEG is decoded at 1/2, 1/4 or 1/8 where that is at least so many times the size asked for.
JPEG_MARGIN = 1.5

# What turns an image upright, by its EXIF orientation.
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SIDES_SWAPPED = (5, 6, 7, 8)


class Picture(NamedTuple):
    """A decoded image as it lies in its file, perhaps at a fraction of its size.

    Attributes:
        image: not yet turned upright.
        extent: width and height of the original in pixels of ``image``; no whole numbers where
            the last column or row of ``image`` lies in the original by a part only.
        orientation: of EXIF, 1 to 8.
        size: width and height of the upright original in pixels.
    """

    image: Image.Image
    extent: tuple[float, float]
    orientation: int
    size: tuple[int, int]


@dataclass(frozen=True)
class Preprocess:
    """From encoded bytes to the network's input.

    A JPEG much larger than asked for is decoded at a fraction of its size: libjpeg leaves out the
    finest frequencies, which scaling would remove anyway (see decision 2 for how little differs).

    Attributes:
        height, width: size of the decoded image, in pixels.
        max_bytes: largest encoded file accepted.
        max_pixels: largest decoded image accepted (a guard against decompression bombs).
        mean, std: channel statistics on [0, 1] RGB.
        colour_constancy: Minkowski norm of ``shades_of_grey``, which every image then passes before
            anything else happens to it; None leaves colours as they are.
    """

    height: int
    width: int
    max_bytes: int = 32 * 2**20
    max_pixels: int = 64_000_000
    mean: tuple[float, float, float] = IMAGENET_MEAN
    std: tuple[float, float, float] = IMAGENET_STD
    colour_constancy: float | None = None

    def open(self, encoded: bytes) -> Picture:
        """Decode the first frame into RGB, at a fraction of its size where ``resize`` needs less.

        Transparent parts show white, 16-bit greys keep their high byte's precision, and colours of
        an ICC profile, or of Adobe RGB by EXIF, become those of sRGB.

        Raises:
            ImageError: too large, no supported image, or damaged.
        """
        return self._load(encoded, to_srgb)

    def open_mask(self, encoded: bytes) -> Picture:
        """Decode a mask, mode L, 255 inside and 0 outside.

        Inside is what exceeds half of the mask's largest value, so that 0/1, 0/255 and 16-bit
        masks mean the same, and the noise of a lossy format means nothing. Raises ImageError.
        """
        return self._load(encoded, to_binary)

    def resize(self, picture: Picture) -> Image.Image:
        """Scale to cover (height, width), keeping proportions, cut out the centre, turn upright."""
        # Turning comes last: the centre is the same, and the fewer pixels, the quicker.
        size = self._size(picture)
        return _scale(picture, size, _centre(picture.extent, size))

    def fit(self, picture: Picture) -> Image.Image:
        """Scale all of it to fit into (height, width), keeping proportions, and turn it upright."""
        size = self._size(picture)
        scale = min(size[0] / picture.extent[0], size[1] / picture.extent[1])
        width, height = (max(1, round(side * scale)) for side in picture.extent)
        return _scale(picture, (width, height), (0, 0, *picture.extent))

    def _size(self, picture: Picture) -> tuple[int, int]:
        """Width and height asked for, of the picture as it lies in its file."""
        if picture.orientation in _SIDES_SWAPPED:
            return self.height, self.width
        return self.width, self.height

    def decode(self, encoded: bytes) -> NDArray[np.uint8]:
        """Decode and resize: bytes to uint8 (H, W, 3). Raises ImageError."""
        return np.array(self.resize(self.open(encoded)))

    def resize_mask(self, mask: Picture) -> NDArray[np.uint8]:
        """Scale and cut a mask as its image is: uint8 (H, W, 1), 255 inside, 0 outside."""
        return np.array(self.resize(mask).point(halves(255)))[..., None]

    def decode_mask(self, encoded: bytes) -> NDArray[np.uint8]:
        """Decode and resize a mask: bytes to uint8 (H, W, 1), 0 or 255. Raises ImageError."""
        return self.resize_mask(self.open_mask(encoded))

    def recipe(self) -> dict[str, Any]:
        """All that decides the pixels but the encoded bytes; JSON-ready."""
        return {
            "height": self.height,
            "width": self.width,
            "max_bytes": self.max_bytes,
            "max_pixels": self.max_pixels,
            "decoding": DECODING_VERSION,
            "pillow": PIL.__version__,
            "jpeg": features.version("libjpeg_turbo") or features.version("jpg"),
            "webp": features.version("webp"),
            "tiff": features.version("libtiff"),
            "colours": features.version("littlecms2"),
        }

    def to_input(self, pixels: NDArray[np.uint8] | torch.Tensor) -> torch.Tensor:
        """From uint8 (N, H, W, 3) to the network's float32 (N, 3, H, W), on the same device."""
        return self.normalise(self.correct_colour(pixels))

    def correct_colour(self, pixels: NDArray[np.uint8] | torch.Tensor) -> torch.Tensor:
        """First half of ``to_input``: float32 (N, H, W, 3), values 0-255.

        Training changes images after it: what stands for another light would else be taken out.
        """
        import torch  # here, for ingest decodes without it

        images = torch.as_tensor(pixels).float()
        if self.colour_constancy is None:
            return images
        return shades_of_grey(images, self.colour_constancy)

    def normalise(self, images: torch.Tensor) -> torch.Tensor:
        """Second half of ``to_input``: float32 (N, H, W, 3), 0-255, to (N, 3, H, W)."""
        import torch

        # Not awaited: a GPU may be at work.
        mean, std = (
            torch.tensor(values).to(images.device, non_blocking=True)
            for values in (self.mean, self.std)
        )
        # (N, H, W, 3) permuted is channels_last memory already, which convolutions prefer.
        return ((images.float() / 255 - mean) / std).permute(0, 3, 1, 2)

    def denormalise(self, inputs: torch.Tensor) -> torch.Tensor:
        """Inverse of ``normalise``: (N, 3, H, W) to (N, H, W, 3), values 0-255."""
        import torch

        mean = torch.tensor(self.mean, device=inputs.device)
        std = torch.tensor(self.std, device=inputs.device)
        return (inputs.permute(0, 2, 3, 1) * std + mean) * 255

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

    def _load(self, encoded: bytes, convert: Callable[[Image.Image], Image.Image]) -> Picture:
        """Decode bytes into an image of the mode that is wanted. Raises ImageError."""
        if not encoded:
            raise ImageError("empty file")
        if len(encoded) > self.max_bytes:
            raise ImageError(f"file larger than {self.max_bytes} bytes")
        try:
            with Image.open(io.BytesIO(encoded), formats=ALLOWED_FORMATS) as image:
                # Pillow has read the header alone so far.
                if image.width * image.height > self.max_pixels:
                    raise ImageError(f"image larger than {self.max_pixels} pixels")
                if image.format in ("JPEG", "MPO") and _has_too_many_scans(encoded):
                    raise ImageError(f"JPEG of more than {_MAX_SCANS} scans")
                picture = self._load_pixels(image)
                return picture._replace(image=convert(picture.image))
        except ImageError:
            raise
        except UnidentifiedImageError:
            if encoded.startswith(_SIGNATURES):
                raise ImageError("damaged or truncated image") from None
            kind = picture_kind(encoded)
            but = f", but {kind}" if kind else ""
            raise ImageError(f"not a JPEG, PNG, BMP, TIFF or WebP image{but}") from None
        except (Image.DecompressionBombError, Image.DecompressionBombWarning):
            raise ImageError(f"image larger than {self.max_pixels} pixels") from None
        # Decoders raise nearly anything on hostile bytes, with pieces of them in the text.
        except Exception:
            raise ImageError("damaged or truncated image") from None

    def _load_pixels(self, image: Image.Image) -> Picture:
        size = extent = None
        if isinstance(image, JpegImageFile):
            size, extent = image.size, self._reduce(image)
        image.load()
        orientation = _orientation(image)  # of a TIFF, Pillow has taken and turned it by now
        width, height = size or image.size
        upright = (height, width) if orientation in _SIDES_SWAPPED else (width, height)
        return Picture(image, extent or image.size, orientation, upright)

    def _reduce(self, image: JpegImageFile) -> tuple[float, float] | None:
        """Have a JPEG decoded at the least fraction that is enough; returns the extent there."""
        least = [math.ceil(JPEG_MARGIN * side) for side in (self.width, self.height)]
        if _orientation(image) in _SIDES_SWAPPED:
            least.reverse()
        drafted = image.draft(None, (least[0], least[1]))
        return drafted[1][2:] if drafted else None


def _scale(
    picture: Picture, size: tuple[int, int], box: tuple[float, float, float, float]
) -> Image.Image:
    """Scale the part in the box to a size, and turn it upright."""
    scaled = picture.image.resize(size, Image.Resampling.BILINEAR, box)
    if picture.orientation in _TURNS:
        scaled = scaled.transpose(_TURNS[picture.orientation])
    return scaled


def _orientation(image: Image.Image) -> int:
    """As EXIF says, 1 to 8. An image whose EXIF is damaged is taken as it lies."""
    try:
        value = image.getexif().get(ExifTags.Base.Orientation)
        return value if value in _TURNS else 1
    except Exception:  # as above; the pixels are sound
        return 1


def _centre(
    extent: tuple[float, float], size: tuple[int, int]
) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of the largest centred part with the proportions of ``size``."""
    proportion = size[0] / size[1]
    width = min(extent[0], extent[1] * proportion)
    height = min(extent[1], extent[0] / proportion)
    left, top = (extent[0] - width) / 2, (extent[1] - height) / 2
    return left, top, left + width, top + height


def _has_too_many_scans(encoded: bytes) -> bool:
    if encoded.count(b"\xff\xda") <= _MAX_SCANS:  # much quicker, and nearly always enough
        return False
    return sum(1 for _ in _START_OF_SCAN.finditer(encoded)) > _MAX_SCANS
