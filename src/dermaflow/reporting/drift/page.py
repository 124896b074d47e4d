"""Each batch beside its reference, what differs most first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dermaflow.drift.features import TITLES
from dermaflow.drift.profile import Profile
from dermaflow.drift.run import Comparison
from dermaflow.reporting.drift.figures import draw_feature
from dermaflow.reporting.html import embed_figure, embed_pixels, render_template
from dermaflow.validation.suites import SuiteResult

_PACKAGE = "dermaflow.reporting.drift"

_STATISTICS = {
    "jensen_shannon": "Jensen-Shannon distance",
    "wasserstein": "Wasserstein distance",
    "energy": "Energy distance",
}


def render_drift(
    comparisons: Sequence[Comparison],
    training: Profile,
    result: SuiteResult,
    read: Callable[[str], NDArray[np.uint8]],
) -> str:
    """The page.

    Args:
        comparisons: in the order to show.
        training: profile of the training sources.
        result: of the suite ``drift`` over the features of all comparisons, stacked.
        read: pixels of an image, uint8 (H, W, 3), by its id.
    """
    features = _mark_broken(comparisons, result)
    return render_template(
        _PACKAGE,
        comparisons=list(zip(comparisons, features, strict=True)),
        training=training,
        outcomes=result.outcomes,
        titles=TITLES,
        statistics=_STATISTICS,
        draw=lambda comparison, feature: embed_figure(draw_feature(comparison, feature)),
        picture=lambda image_id: embed_pixels(read(image_id)),
    )


def _mark_broken(
    comparisons: Sequence[Comparison], result: SuiteResult
) -> list[list[dict[str, Any]]]:
    """Rows of each comparison with ``broken``: those that break an expectation, then by distance.

    What counts of the distance is what exceeds that of chance.
    """
    broken = {row for outcome in result.outcomes if not outcome.success for row in outcome.rows}
    marked, start = [], 0
    for comparison in comparisons:
        rows = comparison.features.assign(
            broken=[start + place in broken for place in range(len(comparison.features))],
            excess=lambda t: t["value"] - t["expected_by_chance"],
        )
        start += len(rows)
        worst_first = rows.sort_values(["broken", "excess"], ascending=False, kind="stable")
        marked.append(worst_first.to_dict("records"))
    return marked
