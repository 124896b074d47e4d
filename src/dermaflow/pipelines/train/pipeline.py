"""Wiring of the train stage."""

from kedro.pipeline import Pipeline, node, pipeline

from dermaflow.pipelines.train.nodes import train_classifier


def create_pipeline() -> Pipeline:
    """From real and synthetic images to the classifier's weights."""
    return pipeline(
        [
            node(
                train_classifier,
                {
                    "manifest": "manifest",
                    "image_store": "image_store",
                    "synthetic_manifest": "synthetic_manifest",
                    "synthetic_store": "synthetic_store",
                    "train": "params:train",
                    "image": "params:image",
                    "classes": "classes",
                    "seed": "params:seed",
                    "checkpoints": "training_checkpoints",
                },
                ["classifier", "training_history"],
                name="train_classifier",
            ),
        ]
    )
