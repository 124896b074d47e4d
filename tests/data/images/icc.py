"""ICC profiles of three primaries and a gamma, as cameras and screens have them."""

import struct

import numpy as np

# Primaries and white as seen under D50, in the rows X, Y and Z (Bradford's adaptation).
ADOBE_RGB = np.array(
    [[0.60974, 0.20528, 0.14919], [0.31111, 0.62567, 0.06322], [0.01947, 0.06087, 0.74457]]
)
SRGB = np.array(
    [[0.43607, 0.38515, 0.14307], [0.22249, 0.71687, 0.06061], [0.01392, 0.09708, 0.71410]]
)
ADOBE_GAMMA = 563 / 256


def profile(primaries, gamma, space=b"RGB "):
    """Bytes of a profile of version 2."""
    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256)) + bytes(2)
    tags = {
        **{f"{c}XYZ".encode(): _xyz(primaries[:, i]) for i, c in enumerate("rgb")},
        **{f"{c}TRC".encode(): curve for c in "rgb"},
        b"wtpt": _xyz((0.9642, 1, 0.8249)),
    }
    table, data, place = b"", b"", 128 + 4 + 12 * len(tags)
    for name, content in tags.items():
        table += name + struct.pack(">II", place + len(data), len(content))
        data += content
    header = bytes(8) + struct.pack(">I", 0x02400000) + b"mntr" + space + b"XYZ "
    header += (
        struct.pack(">6H", 2026, 1, 1, 0, 0, 0)
        + b"acsp"
        + bytes(28)
        + _numbers((0.9642, 1, 0.8249))
    )
    body = header.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + data
    return struct.pack(">I", len(body)) + body[4:]


def adobe_to_srgb(colour):
    """Closed form of what a colour of Adobe RGB, 0–255, is in sRGB; clipped to 0–255."""
    linear = (np.asarray(colour) / 255) ** ADOBE_GAMMA
    light = (np.linalg.inv(SRGB) @ ADOBE_RGB @ linear).clip(0, 1)
    encoded = np.where(light > 0.0031308, 1.055 * light ** (1 / 2.4) - 0.055, 12.92 * light)
    return 255 * encoded


def _numbers(values):
    return struct.pack(f">{len(values)}i", *(round(value * 65536) for value in values))


def _xyz(values):
    return b"XYZ " + bytes(4) + _numbers(tuple(values))
