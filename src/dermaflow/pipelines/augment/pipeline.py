"""Wiring of the augment stage."""

from kedro.pipeline import Pipeline, node, pipeline

from dermaflow.ml.synthesis.fill_classes import set_copies_aside, synthesise_images
from dermaflow.pipelines.augment.nodes import fit_generators, measure_synthesis


def create_pipeline() -> Pipeline:
    """From training rows to generators, synthetic images and a report on them."""
    return pipeline(
        [
            node(
                fit_generators,
                [
                    "manifest",
                    "image_store",
                    "params:augment",
                    "classes",
                    "params:seed",
                    "gan_checkpoints",
                ],
                ["generators", "gan_grids"],
                name="fit_generators",
            ),
            node(
                synthesise_images,
                ["generators", "manifest", "image_store", "params:augment", "params:seed"],
                ["synthetic_store", "generated_manifest"],
                name="synthesise_images",
            ),
            node(
                set_copies_aside,
                [
                    "manifest",
                    "picture_features",
                    "generated_manifest",
                    "synthetic_store",
                    "params:duplicates",
                    "params:seed",
                ],
                ["synthetic_manifest", "synthetic_copies"],
                name="set_copies_aside",
            ),
            node(
                measure_synthesis,
                [
                    "manifest",
                    "image_store",
                    "synthetic_manifest",
                    "synthetic_store",
                    "synthetic_copies",
                ],
                "augmentation_report",
                name="measure_synthesis",
            ),
        ]
    )
