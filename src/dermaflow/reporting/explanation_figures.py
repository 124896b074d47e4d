"""Pictures of relevance maps laid over the images they explain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patheffects import Normal, Stroke
from numpy.typing import NDArray

from dermaflow.reporting.style import INK, QUIET, WARNING, class_name, new_figure, styled

OUTCOMES = ("right", "wrong")
# Diverging, equally dark at both ends, and told apart with every common colour blindness; without
# the darkest tenths, under which the image would vanish.
RELEVANCE_MAP = LinearSegmentedColormap.from_list(
    "relevance", colormaps["RdBu_r"](np.linspace(0.1, 0.9, 256))
)
_OPACITY = 0.75  # of the strongest relevance


@dataclass(frozen=True)
class Explained:
    """An image with its prediction, its relevance maps and what was measured of them.

    Attributes:
        probability: of the predicted class, in [0, 1].
        outcome: ``right`` or ``wrong``.
        pixels: uint8 (H, W, 3).
        mask: bool (H, W), where the lesion is; None where that is not known.
        maps: float32 (H, W) by method.
        measures: by method, then by the name of the column in ``explanations``.
    """

    image_id: str
    label: str
    predicted: str
    probability: float
    outcome: str
    pixels: NDArray[np.uint8]
    mask: NDArray[np.bool_] | None
    maps: Mapping[str, NDArray[np.float32]]
    measures: Mapping[str, Mapping[str, Any]]


@styled
def draw_explained(picture: Explained) -> Figure:
    """One image beside its LIME and SHAP maps, with the measures in words below each."""
    name = class_name(picture.label)
    told = class_name(picture.predicted)
    right = picture.outcome == "right"
    figure, axes = new_figure(
        10,
        5.2,
        f"{name}, recognised" if right else f"{name}, taken for: {told}",
        f"{picture.image_id} · p({picture.predicted}) = {picture.probability:.2f} · the maps show "
        f"what speaks for and against {picture.predicted}, each scaled to its own strongest part",
        columns=1 + len(picture.maps),
    )
    _show_image(axes[0, 0], picture)
    axes[0, 0].set_title("Image")
    _write_below(axes[0, 0], _describe_mask(picture))
    for panel, method in zip(axes[0, 1:], picture.maps, strict=True):
        _show_map(panel, picture, method)
        panel.set_title(method.upper())
        _write_below(panel, _describe_map(picture.measures[method]))
    _add_scale(figure, list(axes[0]), picture.predicted, shrink=0.35)
    return figure


@styled
def draw_overview(pictures: Sequence[Explained], classes: Sequence[str]) -> Figure:
    """All images: a row a class, right predictions on the left and wrong ones on the right.

    With several of a kind a class takes several rows; where there is none, the place stays empty.
    """
    rows = [row for code in classes for row in _rows_of(pictures, code)]
    side = 1 + len(pictures[0].maps) if pictures else 1  # panels of a picture: itself, and its maps
    figure, axes = new_figure(
        11,
        1.2 + 1.8 * len(rows),
        "What the classifier looked at",
        "Test images by true class: a right prediction on the left, a wrong one on the right, where"
        " there are any. Outlined: the lesion.\nInside: share of the relevance for the predicted "
        "class that lies in the lesion; (×) times the lesion's share of the area.",
        rows=max(1, len(rows)),
        columns=2 * side + 1,
        width_ratios=[*[1] * side, 0.12, *[1] * side],
    )
    for panel in axes.flat:
        panel.set_axis_off()
        # Places without an image keep the shape of the others.
        panel.set_aspect("equal")
    for line, (code, pair) in zip(axes, rows, strict=False):
        for panels, picture, kind in zip(
            (line[:side], line[side + 1 :]), pair, OUTCOMES, strict=True
        ):
            if picture is not None:
                _show_row(panels, picture)
            else:
                _write_in(panels[1], f"no {kind} prediction", color=QUIET)
        _write_in(line[0], code, x=-0.12, size=11, weight="bold", rotation=90)
    if rows:
        _add_scale(figure, list(axes.flat), "the predicted class", shrink=0.3)
    return figure


def _rows_of(
    pictures: Sequence[Explained], code: str
) -> list[tuple[str, tuple[Explained | None, Explained | None]]]:
    """Pairs of a right and a wrong prediction of the class, the shorter list filled with None."""
    of_class = [picture for picture in pictures if picture.label == code]
    right, wrong = (
        [picture for picture in of_class if picture.outcome == outcome] for outcome in OUTCOMES
    )
    return [(code, pair) for pair in zip_longest(right, wrong)]


def _show_row(panels: NDArray[Any], picture: Explained) -> None:
    _show_image(panels[0], picture)
    right = picture.outcome == "right"
    told = "recognised" if right else f"taken for {picture.predicted}"
    colour = INK if right else WARNING
    panels[0].set_title(f"{told}, p {picture.probability:.2f}", size=8, color=colour)
    for panel, method in zip(panels[1:], picture.maps, strict=True):
        _show_map(panel, picture, method)
        measures = picture.measures[method]
        inside, lift = measures["relevance_inside"], measures["lift"]
        known = f": {inside:.0%} inside (×{lift:.1f})" if np.isfinite(lift) else ""
        panel.set_title(method.upper() + known, size=8, weight="normal")


def _show_image(axes: Axes, picture: Explained) -> None:
    _clear(axes)
    axes.imshow(picture.pixels, interpolation="bilinear")
    _outline(axes, picture.mask)


def _show_map(axes: Axes, picture: Explained, method: str) -> None:
    """Relevance in colour over the image in grey; the weaker, the more of the image shows."""
    _clear(axes)
    grey = picture.pixels.astype(np.float32).mean(axis=2)
    axes.imshow(grey, cmap="gray", vmin=-60, vmax=255, interpolation="bilinear")
    strength = scale_relevance(picture.maps[method])
    colours = RELEVANCE_MAP((strength + 1) / 2)
    colours[..., 3] = _OPACITY * np.abs(strength)
    axes.imshow(colours, interpolation="nearest")
    _outline(axes, picture.mask)


def scale_relevance(relevance: NDArray[np.float32]) -> NDArray[np.float64]:
    """Relevance in [-1, 1], zero staying zero; the strongest hundredth of pixels saturates."""
    values = relevance.astype(np.float64)
    limit = np.quantile(np.abs(values), 0.99) or np.abs(values).max() or 1.0
    return np.clip(values / limit, -1, 1)


def _clear(axes: Axes) -> None:
    axes.set_axis_on()
    axes.grid(False)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)


def _write_in(axes: Axes, text: str, x: float = 0.5, **style: Any) -> None:
    axes.text(x, 0.5, text, ha="center", va="center", transform=axes.transAxes, **style)


def _write_below(axes: Axes, text: str) -> None:
    axes.set_xlabel(text, loc="left", size=8.5, color=QUIET, linespacing=1.4)


def _outline(axes: Axes, mask: NDArray[np.bool_] | None) -> None:
    """The lesion's border: black in a white seam, seen on any ground."""
    if mask is None or mask.all() or not mask.any():
        return
    contour = axes.contour(mask, levels=[0.5], colors=[INK], linewidths=1.0)
    contour.set_path_effects([Stroke(linewidth=2.4, foreground="white"), Normal()])


def _add_scale(figure: Figure, panels: list[Axes], target: str, shrink: float) -> None:
    """A colour bar whose colours are those of the overlay: fading towards zero."""
    strength = np.linspace(-1, 1, 256)
    colours = RELEVANCE_MAP((strength + 1) / 2)
    fade = (_OPACITY * np.abs(strength))[:, None]
    colours[:, :3] = colours[:, :3] * fade + 0.8 * (1 - fade)
    shown = LinearSegmentedColormap.from_list("overlay", colours)
    mappable = ScalarMappable(cmap=shown)
    mappable.set_clim(-1, 1)
    bar = figure.colorbar(
        mappable, ax=panels, location="bottom", shrink=shrink, aspect=40, pad=0.02,
        ticks=[-1, 0, 1],
    )  # fmt: skip
    bar.ax.set_xticklabels([f"against {target}", "0", f"for {target}"])
    bar.outline.set_visible(False)


def _describe_mask(picture: Explained) -> str:
    if picture.mask is None:
        return "No lesion mask"
    return f"The lesion (outlined) covers {picture.mask.mean():.0%} of the image"


def _describe_map(measures: Mapping[str, Any]) -> str:
    lines = [
        f"With the reddest parts blurred first, mean p {measures['deletion']:.2f};",
        f"with the same map moved elsewhere {measures['deletion_shifted']:.2f}",
    ]
    if np.isfinite(measures["lift"]):
        inside, lift = measures["relevance_inside"], measures["lift"]
        lines.insert(0, f"{inside:.0%} of the red lies in the lesion: ×{lift:.1f} its area")
    if np.isfinite(measures["fit"]):
        lines.append(f"R² of LIME's linear stand-in {measures['fit']:.2f}")
    return "\n".join(lines)
