"""Wiring of the search stage."""

from kedro.pipeline import Pipeline, node, pipeline

from dermaflow.pipelines.search.nodes import search_recipe


def create_pipeline() -> Pipeline:
    """From the training and validation images to the trials and the best recipe."""
    return pipeline(
        [
            node(
                search_recipe,
                {
                    "manifest": "manifest",
                    "image_store": "image_store",
                    "search": "params:search",
                    "train": "params:train",
                    "image": "params:image",
                    "classes": "classes",
                    "seed": "params:seed",
                    "checkpoints": "search_checkpoints",
                },
                ["search_trials", "search_recipe", "search_metrics"],
                name="search_recipe",
            ),
        ]
    )
