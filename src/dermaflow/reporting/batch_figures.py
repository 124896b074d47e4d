"""What the network is trained on: images as stored, and as the recipe changes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from dermaflow.ml.training.recipe_samples import FedBatch
from dermaflow.reporting.style import QUIET, new_figure, styled
from dermaflow.reporting.synthesis_figures import Images, contact_sheet

# Of a figure, in inches: its images, and what stands on their left.
_WIDTH, _MARGIN = 9.0, 1.3
_LEAST_SHARE = 0.005  # of a class in a mixed image, to be named


@styled
def draw_batches(
    stored: Images, labels: NDArray[np.int64], batches: Sequence[FedBatch], classes: Sequence[str]
) -> Figure:
    """The same images as stored and, below, as fed at several moments, with their targets.

    Args:
        stored: uint8 (N, H, W, 3).
        labels: class indices, int64 (N,).
    """
    truth = np.eye(len(classes), dtype=np.float32)[labels]
    rows = {"as stored": (stored, truth)}
    for batch in batches:
        height, width = batch.images.shape[1:3]
        images = _enlarge(batch.images, *stored.shape[1:3])
        rows[f"after {batch.done:.0%}\n{width} x {height}"] = (images, batch.targets)
    return _draw_rows(
        {name: images for name, (images, _) in rows.items()},
        [[_name_target(target, classes) for target in targets] for _, targets in rows.values()],
        "What the network is trained on",
        "training images as they are changed after a share of the training; "
        "of mixed ones the share of each class",
    )


@styled
def draw_operations(stored: Images, changed: Mapping[str, Images]) -> Figure:
    """Images as stored and, below, under each operation alone.

    Args:
        stored: uint8 (N, H, W, 3).
        changed: uint8 (N, H, W, 3) an operation.
    """
    rows = {"as stored": stored, **changed}
    return _draw_rows(
        rows,
        [[] for _ in rows],
        "Each operation alone",
        "at the strength that is set for the training, with an amount for each image",
    )


def _draw_rows(
    rows: Mapping[str, Images], captions: Sequence[Sequence[str]], title: str, caption: str
) -> Figure:
    """A row of images each, with a name on the left and a caption above each image."""
    columns = max(len(images) for images in rows.values())
    height, width = next(iter(rows.values())).shape[1:3]
    tile = (_WIDTH - _MARGIN) / columns * height / width
    lines = max((text.count("\n") + 1 for texts in captions for text in texts), default=0)
    above = 0.1 + 0.12 * lines
    figure, axes = new_figure(
        _WIDTH, 0.7 + len(rows) * (tile + above), title, caption, rows=len(rows)
    )
    for panel, (name, images), texts in zip(axes[:, 0], rows.items(), captions, strict=True):
        _draw_row(panel, images, name, texts, columns)
    return figure


def _draw_row(panel: Axes, images: Images, name: str, texts: Sequence[str], columns: int) -> None:
    panel.imshow(contact_sheet(images, columns), interpolation="nearest")
    panel.set_axis_off()
    panel.text(-0.01, 0.5, name, ha="right", va="center", transform=panel.transAxes)
    for number, text in enumerate(texts):
        place = (number + 0.5) / columns
        panel.text(
            place,
            1.02,
            text,
            ha="center",
            va="bottom",
            size=7,
            color=QUIET,
            transform=panel.transAxes,
        )


def _enlarge(images: Images, height: int, width: int) -> Images:
    """Smaller images at the size of the others, each pixel as a square."""
    rows = np.arange(height) * images.shape[1] // height
    columns = np.arange(width) * images.shape[2] // width
    return images[:, rows][:, :, columns]


def _name_target(target: NDArray[np.float32], classes: Sequence[str]) -> str:
    """The class, or a line for each of a mixed image's two, with its share."""
    parts = [number for number in np.argsort(-target) if target[number] >= _LEAST_SHARE]
    if len(parts) == 1:
        return str(classes[parts[0]])
    return "\n".join(f"{classes[number]} {target[number]:.2f}" for number in parts)
