"""A look at the images themselves."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from dermaflow.reporting.style import class_name, new_figure, styled


@styled
def draw_samples(images: Mapping[str, NDArray[np.uint8]], counts: Mapping[str, int]) -> Figure:
    """A row of images a class.

    Args:
        images: uint8 (N, H, W, 3) a class code; N may differ.
        counts: of all images of the class.
    """
    columns = max((len(pixels) for pixels in images.values()), default=1)
    figure, axes = new_figure(
        1.7 + 1.05 * columns,
        0.6 + 1.05 * len(images),
        "Images by class",
        "lesions of the training split as they come; the counts are of all clean images",
        rows=max(1, len(images)),
        columns=columns,
    )
    for panel in axes.flat:
        panel.set_axis_off()
    for row, (code, pixels) in zip(axes, images.items(), strict=False):
        for panel, image in zip(row, pixels, strict=False):
            panel.imshow(image, interpolation="bilinear")
        label = f"{class_name(code)}\n{counts[code]:,} images"
        row[0].text(-0.1, 0.5, label, ha="right", va="center", transform=row[0].transAxes)
    return figure
