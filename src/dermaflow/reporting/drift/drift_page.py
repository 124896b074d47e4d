"""Each batch beside its reference, what differs most first."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dermaflow.data.drift.compare_sources import Comparison
from dermaflow.data.drift.drift_features import TITLES
from dermaflow.data.drift.profile import Profile
from dermaflow.reporting.drift.drift_figures import draw_feature
from dermaflow.reporting.html import embed_figure, embed_pixels, render_template

_PACKAGE = "dermaflow.reporting.drift"

_STATISTICS = {
    "jensen_shannon": "Jensen-Shannon distance",
    "wasserstein": "Wasserstein distance",
    "energy": "Energy distance",
}


def render_drift(
    comparisons: Sequence[Comparison],
    report: Mapping[str, Any],
    training: Profile,
    read: Callable[[str], NDArray[np.uint8]],
) -> str:
    """The page.

    Args:
        comparisons: in the order to show.
        report: of each batch its ``features`` (DRIFT_COLUMNS and ``broken``, whether it breaks an
            expectation), and of the suite ``drift`` its ``expectations``; see ``compare_batches``.
        training: profile of the training sources.
        read: pixels of an image, uint8 (H, W, 3), by its id.
    """
    return render_template(
        _PACKAGE,
        comparisons=[(c, _worst_first(report["batches"][c.name]["features"])) for c in comparisons],
        training=training,
        expectations=report["suite"]["expectations"],
        titles=TITLES,
        statistics=_STATISTICS,
        draw=lambda comparison, feature: embed_figure(draw_feature(comparison, feature)),
        picture=lambda image_id: embed_pixels(read(image_id)),
    )


def _worst_first(features: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Those that break an expectation, then by what of the distance exceeds that of chance."""

    def place(row: Mapping[str, Any]) -> tuple[bool, float]:
        known = row["value"] is not None
        excess = row["value"] - row["expected_by_chance"] if known else -math.inf
        return not row["broken"], -excess

    return sorted(({"feature": name, **row} for name, row in features.items()), key=place)
