"""The size to store images in, by a look at some of them."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import ExifTags, Image

_LOOKED_AT = 60  # files, evenly spread
_PIXELS = 19_200  # 160 x 120, which two cores train on within the hour
_STEP = 8
_SMALLEST, _LARGEST = 32, 1024  # that conf allows
_TURNED = frozenset((5, 6, 7, 8))  # orientations of EXIF that swap the sides


@dataclass(frozen=True)
class PictureSize:
    """Height and width to store, in pixels, and why."""

    height: int
    width: int
    evidence: str


def propose_size(folder: Path, names: Sequence[str]) -> PictureSize | None:
    """A size of the commonest proportions, no larger than the originals; None without an image.

    Only headers are read, no pixels.

    Args:
        folder: of the images.
        names: of files in it.
    """
    looked_at = names[:: -(-len(names) // _LOOKED_AT)] if names else []
    sizes = [size for name in looked_at if (size := _read_size(folder / name))]
    if not sizes:
        return None
    ratios = Counter(round(width / height, 2) for width, height in sizes)
    ratio, times = ratios.most_common(1)[0]
    usual, _ = Counter(s for s in sizes if round(s[0] / s[1], 2) == ratio).most_common(1)[0]
    height = min((_PIXELS * usual[1] / usual[0]) ** 0.5, usual[1])
    evidence = (
        f"of {len(sizes)} images looked at, {times} have the proportions of {usual[0]} x {usual[1]}"
    )
    return PictureSize(_fit(height), _fit(height * usual[0] / usual[1]), evidence)


def _read_size(path: Path) -> tuple[int, int] | None:
    """Width and height as one looks at the image; None for what is none."""
    try:
        if not path.is_file():  # a pipe would be waited for
            return None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(path) as image:
                width, height = image.size
                turned = image.getexif().get(ExifTags.Base.Orientation) in _TURNED
    except Exception:  # decoders raise nearly anything on hostile bytes
        return None
    if not width or not height:
        return None
    return (height, width) if turned else (width, height)


def _fit(side: float) -> int:
    return min(max(round(side / _STEP) * _STEP, _SMALLEST), _LARGEST)
