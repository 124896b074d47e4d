"""Figures of a training."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from dermaflow.reporting.style import ACCENT, QUIET, label_axes, new_figure, styled


@styled
def draw_history(history: dict[str, Any]) -> Figure:
    """Loss and validation scores over the epochs, with the epoch that was kept marked.

    Args:
        history: ``epochs`` (records with epoch, train_loss, val_loss, val_accuracy,
            val_balanced_accuracy), ``best_epoch``, ``real_images`` and ``synthetic_images``.
    """
    records = history["epochs"]
    epochs = [record["epoch"] for record in records]
    figure, axes = new_figure(
        9,
        3.8,
        "Training of the classifier",
        f"{history['real_images']} real and {history['synthetic_images']} synthetic images; "
        f"epoch {history['best_epoch']} was kept",
        columns=2,
    )
    losses, scores = axes[0]
    series = (
        (losses, "train_loss", "training (the loss set in conf)", QUIET),
        (losses, "val_loss", "validation", ACCENT),
        (scores, "val_accuracy", "accuracy", QUIET),
        (scores, "val_balanced_accuracy", "balanced accuracy", ACCENT),
    )
    for panel, key, label, colour in series:
        values = [record[key] for record in records]
        panel.plot(epochs, values, color=colour, marker="o", markersize=3, label=label)
    scores.set_ylim(0, 1)
    label_axes(losses, "epoch", "loss", "Loss (validation: cross entropy)")
    label_axes(scores, "epoch", "score", "Validation images")
    for panel in (losses, scores):
        panel.axvline(history["best_epoch"], color=QUIET, linestyle=":", linewidth=1)
        panel.xaxis.set_major_locator(MaxNLocator(integer=True))
        panel.legend()
    return figure
