"""The preprocessing object of a training."""

from __future__ import annotations

from dermaflow.data.images.image_store import ImageStore
from dermaflow.data.images.preprocess import Preprocess
from dermaflow.params.image import ImageParams
from dermaflow.params.train import TrainParams


def build_preprocess(image_store: ImageStore, image: ImageParams, train: TrainParams) -> Preprocess:
    """Of the size of the images that are there, whatever ``image`` says by now."""
    height, width, _ = image_store.shape
    caps = image.model_copy(update={"height": height, "width": width})
    return Preprocess(**caps.model_dump(), colour_constancy=train.colour_constancy)
