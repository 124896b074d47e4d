"""Wiring of the ingest stage."""

from kedro.pipeline import Pipeline, node, pipeline

from dermaflow.pipelines.ingest.nodes import (
    build_raw_manifest,
    decode_images,
    decode_masks,
    describe_images,
    list_classes,
    read_records,
)


def create_pipeline() -> Pipeline:
    """From the sources' files to a manifest, and stores of pixels and of features."""
    settings = ["params:ingest", "params:labels", "params:seed"]
    decoding = ["raw_records", "params:ingest", "params:image", "params:seed"]
    return pipeline(
        [
            node(list_classes, "params:labels", "classes", name="list_classes"),
            node(read_records, settings, ["raw_records", "unlisted_files"], name="read_records"),
            node(
                decode_images,
                [*decoding, "previous_image_store"],
                "image_store",
                name="decode_images",
            ),
            node(
                decode_masks,
                [*decoding, "image_store", "previous_mask_store"],
                "mask_store",
                name="decode_masks",
            ),
            node(
                describe_images,
                ["raw_records", "image_store", *decoding[1:], "previous_picture_features"],
                "picture_features",
                name="describe_images",
            ),
            node(
                build_raw_manifest,
                ["raw_records", "image_store"],
                "raw_manifest",
                name="build_raw_manifest",
            ),
        ]
    )
