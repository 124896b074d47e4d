"""Wiring of the stage that trains the folds of a cross-validation."""

from kedro.pipeline import Pipeline, node, pipeline

from dermaflow.pipelines.crossval_train.nodes import train_folds


def create_pipeline() -> Pipeline:
    """From the manifest's folds to the logits of the images that each held out."""
    return pipeline(
        [
            node(
                train_folds,
                {
                    "manifest": "manifest",
                    "image_store": "image_store",
                    "picture_features": "picture_features",
                    "crossval": "params:crossval",
                    "augment": "params:augment",
                    "duplicates": "params:duplicates",
                    "train": "params:train",
                    "image": "params:image",
                    "classes": "classes",
                    "seed": "params:seed",
                    "checkpoints": "crossval_checkpoints",
                },
                ["crossval_logits", "crossval_folds"],
                name="train_folds",
            )
        ]
    )
