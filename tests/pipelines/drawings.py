"""Run what draws a stage as the runner does, on small inputs whose pictures are easily told."""

import numpy as np
from kedro.io import DataCatalog, MemoryDataset
from kedro.runner import SequentialRunner

from dermaflow.data.images.image_store import ImageBatch, ImageStore, StoredImage, write_image_store

NAMES = "params:class_names"


def draw(pipeline, output, inputs):
    """An output of a pipeline of drawings, from the data sets and parameters that it names."""
    pipeline = pipeline.to_outputs(output)
    if NAMES in pipeline.inputs():
        inputs = {NAMES: {}} | inputs
    assert pipeline.inputs() == set(inputs)
    data = {name: MemoryDataset(value, copy_mode="assign") for name, value in inputs.items()}
    catalog = DataCatalog(data | {output: MemoryDataset(copy_mode="assign")})
    SequentialRunner().run(pipeline, catalog)
    return catalog.load(output)


def plain_store(folder, greys, shape=(4, 6, 3)):
    """A store of pictures of one grey level each, by their ids."""
    images = (StoredImage(name, np.full(shape, grey, np.uint8)) for name, grey in greys.items())
    write_image_store(folder, ImageBatch(images, shape))
    return ImageStore(folder)
