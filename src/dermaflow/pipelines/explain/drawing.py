"""Pictures of the explain stage."""

from __future__ import annotations

import re

import pandas as pd
from kedro.pipeline import Pipeline, node, pipeline
from matplotlib.figure import Figure

from dermaflow.data.images.image_store import ImageStore
from dermaflow.data.images.masks import read_mask
from dermaflow.ml.models.weights import Weights
from dermaflow.params.class_names import ClassNames


def create_pipeline() -> Pipeline:
    """From relevance maps and their measures to figures."""
    return pipeline(
        [
            node(
                draw_explanations,
                [
                    "explained_images",
                    "explanation_maps",
                    "explanations",
                    "image_store",
                    "mask_store",
                    "classes",
                    "params:class_names",
                ],
                "explanation_figures",
                name="draw_explanations",
            )
        ]
    )


def draw_explanations(
    explained_images: pd.DataFrame,
    explanation_maps: Weights,
    explanations: pd.DataFrame,
    image_store: ImageStore,
    mask_store: ImageStore,
    classes: list[str],
    class_names: ClassNames,
) -> dict[str, Figure]:
    """An overview of all chosen images, and a figure for each."""
    from dermaflow.reporting.explanation_figures import Explained, draw_explained, draw_overview
    from dermaflow.reporting.style import naming_classes

    methods = list(dict.fromkeys(explanations["method"]))
    measures = {
        image_id: rows.set_index("method").to_dict("index")
        for image_id, rows in explanations.groupby("image_id")
    }
    pictures = [
        Explained(
            **row,
            pixels=image_store.read([row["image_id"]])[0],
            mask=read_mask(mask_store, row["image_id"]),
            maps={m: explanation_maps.tensors[f"{m}/{row['image_id']}"].numpy() for m in methods},
            measures=measures[row["image_id"]],
        )
        for row in explained_images.to_dict("records")
    ]
    with naming_classes(class_names):
        figures = {"00_overview.png": draw_overview(pictures, classes)}
        for number, picture in enumerate(pictures, start=1):
            # Ids come from the data set, and may hold what a file name may not.
            name = re.sub(r"[^\w.-]", "_", picture.image_id)
            file = f"{number:02}_{picture.label}_as_{picture.predicted}_{name}.png"
            figures[file] = draw_explained(picture)
    return figures
