"""Wiring of the explain stage."""

from kedro.pipeline import Pipeline, node, pipeline

from dermaflow.ml.explanation.choose_images import choose_images
from dermaflow.pipelines.explain.nodes import explain_images, measure_explanations


def create_pipeline() -> Pipeline:
    """From the classifier and its predictions to relevance maps and their measures."""
    chosen_from = ["predictions", "params:explain", "classes"]
    model = ["image_store", "classifier", "decision_rule", "params:explain", "params:seed"]
    tables = ["explained_images", "explanation_maps"]
    return pipeline(
        [
            node(choose_images, chosen_from, "explained_images", name="choose_images"),
            node(
                explain_images,
                ["explained_images", *model],
                "explanation_maps",
                name="explain_images",
            ),
            node(
                measure_explanations,
                [*tables, "mask_store", *model],
                "explanations",
                name="measure_explanations",
            ),
        ]
    )
