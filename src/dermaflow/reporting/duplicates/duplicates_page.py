"""The evidence for every pair that joins lesions: both pictures side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dermaflow.reporting.html import embed_pixels, render_template

_PACKAGE = "dermaflow.reporting.duplicates"
_MOST = 500  # pairs on the page; the table has them all

Pixels = NDArray[np.uint8]


def render_pairs(
    pairs: pd.DataFrame, report: Mapping[str, Any], read: Callable[[str], Pixels]
) -> str:
    """The page.

    Args:
        pairs: to be shown, with ``image_a``, ``image_b``, ``lesion_a``, ``lesion_b``, ``label_a``,
            ``label_b``, ``agreeing``, ``zoom``, ``turn``, ``mirrored``, ``decision`` and
            ``external``; the first five hundred are.
        report: its counts stand above them.
        read: pixels of an image, uint8 (H, W, 3), by its id.
    """
    shown = pairs.head(_MOST).to_dict("records")
    return render_template(
        _PACKAGE,
        pairs=shown,
        left_out=len(pairs) - len(shown),
        report=report,
        picture=lambda image_id: embed_pixels(read(image_id)),
        describe=_describe,
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
