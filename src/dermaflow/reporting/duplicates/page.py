"""The evidence for every pair that joins lesions: both pictures side by side.

No script, nothing loaded; Jinja escapes whatever stands in the data.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Mapping
from importlib.resources import files
from typing import Any

import numpy as np
import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from numpy.typing import NDArray
from PIL import Image

_PACKAGE = "dermaflow.reporting.duplicates"
_MOST = 500  # pairs on the page; the table has them all

Pixels = NDArray[np.uint8]


def render_pairs(
    pairs: pd.DataFrame, report: Mapping[str, Any], read: Callable[[str], Pixels]
) -> str:
    """The page.

    Args:
        pairs: to be shown, with ``image_a``, ``image_b``, ``lesion_a``, ``lesion_b``, ``label_a``,
            ``label_b``, ``agreeing``, ``zoom``, ``turn``, ``mirrored`` and ``decision``; the first
            five hundred are.
        report: its counts stand above them.
        read: pixels of an image, uint8 (H, W, 3), by its id.
    """
    shown = pairs.head(_MOST).to_dict("records")
    environment = Environment(
        loader=PackageLoader(_PACKAGE, "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html.j2").render(
        pairs=shown,
        left_out=len(pairs) - len(shown),
        report=report,
        picture=lambda image_id: _address(read(image_id)),
        describe=_describe,
        style=files(_PACKAGE).joinpath("page.css").read_text("utf-8"),
    )


def _describe(pair: Mapping[str, Any]) -> str:
    """How the first picture lies over the second, in a few words."""
    if pd.isna(pair["agreeing"]):
        return "not found, but said to be the same"
    words = [f"{pair['agreeing']:.0f} features agree"]
    if round(pair["zoom"], 1) != 1:
        words.append(f"zoomed {pair['zoom']:.1f} times")
    if abs(pair["turn"]) >= 10:
        words.append(f"turned by {abs(pair['turn']):.0f}°")
    if pair["mirrored"]:
        words.append("mirrored")
    return ", ".join(words)


def _address(pixels: Pixels) -> str:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=85)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}"
