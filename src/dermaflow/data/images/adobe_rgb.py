"""Adobe RGB without an ICC profile: how a camera that is set to it marks its files.

The rules for camera files (DCF 2.0, JEITA CP-3461) have EXIF say ``R03`` in the interoperability
index, and no profile is embedded. Taken for sRGB, skin is too grey.
"""

from __future__ import annotations

import struct
from functools import cache

from PIL import ExifTags, Image

_INDEX = 1  # tag of the interoperability index
_ADOBE_RGB = "R03"
_GAMMA = 563 / 256
# X, Y and Z of the primaries and of white as seen under D50, by Bradford's adaptation (Adobe RGB
# (1998) Color Image Encoding, version 2005-05).
_RED, _GREEN, _BLUE = (
    (0.60974, 0.31111, 0.01947),
    (0.20528, 0.62567, 0.06087),
    (0.14919, 0.06322, 0.74457),
)
_WHITE = (0.9642, 1.0, 0.8249)


def is_adobe_rgb(image: Image.Image) -> bool:
    """Whether EXIF says so; an image whose EXIF is damaged is taken for sRGB."""
    try:
        exif = image.getexif()
        if ExifTags.IFD.Exif not in exif:
            return False
        return bool(exif.get_ifd(ExifTags.IFD.Interop).get(_INDEX) == _ADOBE_RGB)
    except Exception:  # Pillow raises whatever the damage leads to; the pixels are sound
        return False


@cache
def adobe_rgb_profile() -> bytes:
    """An ICC profile (version 2.4) of three primaries and a gamma."""
    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, round(_GAMMA * 256)) + bytes(2)
    tags = {
        **{b"rXYZ": _xyz(_RED), b"gXYZ": _xyz(_GREEN), b"bXYZ": _xyz(_BLUE), b"wtpt": _xyz(_WHITE)},
        **dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve),
    }
    directory, contents, start = b"", b"", 128 + 4 + 12 * len(tags)
    for name, content in tags.items():
        directory += name + struct.pack(">II", start + len(contents), len(content))
        contents += content
    header = bytes(8) + struct.pack(">I", 0x02400000) + b"mntrRGB XYZ "
    header += struct.pack(">6H", 2005, 5, 1, 0, 0, 0) + b"acsp" + bytes(28) + _fixed(_WHITE)
    body = header.ljust(128, b"\0") + struct.pack(">I", len(tags)) + directory + contents
    return struct.pack(">I", len(body)) + body[4:]


def _xyz(values: tuple[float, float, float]) -> bytes:
    return b"XYZ " + bytes(4) + _fixed(values)


def _fixed(values: tuple[float, float, float]) -> bytes:
    """Numbers as ICC has them, with 16 bits behind the point."""
    return struct.pack(">3i", *(round(value * 65536) for value in values))
