"""Each batch beside its reference, what differs most first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dermaflow.data.drift.compare_sources import Comparison
from dermaflow.data.drift.drift_features import TITLES
from dermaflow.data.drift.profile import Profile
from dermaflow.data.validation.suites import SuiteResult
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
    features: pd.DataFrame,
    training: Profile,
    result: SuiteResult,
    read: Callable[[str], NDArray[np.uint8]],
) -> str:
    """The page.

    Args:
        comparisons: in the order to show.
        features: a row a batch and feature (``DRIFT_COLUMNS``) with ``broken``, whether it breaks
            an expectation.
        training: profile of the training sources.
        result: of the suite ``drift`` over the features.
        read: pixels of an image, uint8 (H, W, 3), by its id.
    """
    return render_template(
        _PACKAGE,
        comparisons=[(c, _worst_first(features[features["batch"] == c.name])) for c in comparisons],
        training=training,
        outcomes=result.outcomes,
        titles=TITLES,
        statistics=_STATISTICS,
        draw=lambda comparison, feature: embed_figure(draw_feature(comparison, feature)),
        picture=lambda image_id: embed_pixels(read(image_id)),
    )


def _worst_first(features: pd.DataFrame) -> list[dict[str, Any]]:
    """Those that break an expectation, then by what of the distance exceeds that of chance."""
    excess = features["value"] - features["expected_by_chance"]
    ordered = features.assign(excess=excess).sort_values(
        ["broken", "excess"], ascending=False, kind="stable"
    )
    records: list[dict[str, Any]] = ordered.to_dict("records")
    return records
