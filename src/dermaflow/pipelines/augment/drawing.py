"""Pictures of the augment stage."""

from __future__ import annotations

import numpy as np
import pandas as pd
from kedro.pipeline import Pipeline, node, pipeline
from matplotlib.figure import Figure
from numpy.typing import NDArray

from dermaflow.data.images.image_store import ImageStore
from dermaflow.params.class_names import ClassNames


def create_pipeline() -> Pipeline:
    """From generators and synthetic images to pictures of them."""
    return pipeline(
        [
            node(
                draw_synthesis,
                [
                    "manifest",
                    "image_store",
                    "synthetic_manifest",
                    "synthetic_store",
                    "gan_grids",
                    "params:class_names",
                ],
                "gan_figures",
                name="draw_synthesis",
            )
        ]
    )


def draw_synthesis(
    manifest: pd.DataFrame,
    image_store: ImageStore,
    synthetic_manifest: pd.DataFrame,
    synthetic_store: ImageStore,
    gan_grids: dict[str, NDArray[np.uint8]],
    class_names: ClassNames,
) -> dict[str, Figure]:
    """Real beside synthetic images of each class, and each generator's progress."""
    from dermaflow.reporting.style import naming_classes
    from dermaflow.reporting.synthesis_figures import (
        draw_class_counts,
        draw_progress,
        draw_side_by_side,
    )

    train = manifest[manifest["split"] == "train"]
    with naming_classes(class_names):
        figures = {"00_class_counts.png": draw_class_counts(train, synthetic_manifest)}
        for code, rows in synthetic_manifest.groupby("label"):
            real_ids = train.loc[train["label"] == code, "image_id"].head(12).tolist()
            synthetic_ids = rows["image_id"].head(12).tolist()
            figures[f"{code}_real_and_synthetic.png"] = draw_side_by_side(
                str(code), image_store.read(real_ids), synthetic_store.read(synthetic_ids)
            )
        for code, grid in gan_grids.items():
            figures[f"{code}_progress.png"] = draw_progress(code, grid)
    return figures
