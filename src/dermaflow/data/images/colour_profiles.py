"""From the colours that a file means to sRGB, as which all else takes pixels."""

from __future__ import annotations

import io
from functools import lru_cache
from typing import Any

import numpy as np
from PIL import Image, ImageCms

from dermaflow.data.images.adobe_rgb import adobe_rgb_profile, is_adobe_rgb
from dermaflow.data.images.pixel_modes import to_rgb

_MAX_BYTES = 4 * 2**20  # of a profile; those of printers have about one
_SPACES = {"RGB": "RGB", "CMYK": "CMYK"}  # mode -> the space that its profile must be about
_STEPS = 9  # of each channel, of the colours by which a profile is told from sRGB's own
_UNSEEN = 2  # of 255 levels: profiles that are called sRGB differ by as much


def to_srgb(image: Image.Image) -> Image.Image:
    """An image of any mode as RGB, its colours those of sRGB.

    What they mean, an ICC profile says, or else EXIF, where that says Adobe RGB. A profile that is
    damaged, or not about pixels of this kind, is as none: so are most programs that show pictures.

    Raises:
        ImageError: the pixels have no known range.
    """
    profile = image.info.get("icc_profile")
    if not profile and image.mode == "RGB" and is_adobe_rgb(image):
        profile = adobe_rgb_profile()
    # What has inks has them in its profile too; all else is about RGB.
    before, after = (profile, None) if image.mode == "CMYK" else (None, profile)
    return _convert(to_rgb(_convert(image, before)), after)


def _convert(image: Image.Image, profile: bytes | None) -> Image.Image:
    if not profile or image.mode not in _SPACES or len(profile) > _MAX_BYTES:
        return image
    transform = _transform(bytes(profile), image.mode)
    converted = ImageCms.applyTransform(image, transform) if transform else None
    return image if converted is None else converted


@lru_cache(maxsize=32)
def _transform(profile: bytes, mode: str) -> Any:
    """Into sRGB; None where nothing is to be changed, or it cannot be said how."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if source.profile.xcolor_space.strip() != _SPACES[mode]:
            return None
        target = ImageCms.createProfile("sRGB")
        transform = ImageCms.buildTransform(source, target, mode, "RGB")
        if mode == "RGB" and _changes_nothing(transform):
            return None
    except (ImageCms.PyCMSError, OSError, TypeError, ValueError):
        return None
    return transform


def _changes_nothing(transform: ImageCms.ImageCmsTransform) -> bool:
    levels = np.linspace(0, 255, _STEPS).round().astype(np.uint8)
    colours = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(-1, _STEPS, 3)
    after = ImageCms.applyTransform(Image.fromarray(colours), transform)
    return after is None or bool(
        np.abs(np.asarray(after).astype(int) - colours.astype(int)).max() <= _UNSEEN
    )
