"""Phantoms, of which some are changed as another camera or another clinic would."""

import numpy as np
import pandas as pd
import pytest

from dermaflow.data.images.decoding import decode_image
from dermaflow.data.images.image_store import ImageBatch, ImageStore, StoredImage, write_image_store
from dermaflow.data.images.preprocess import Preprocess
from dermaflow.data.sources.phantoms.source import Phantoms
from dermaflow.params.sources import PhantomSource

SHAPE = (48, 64, 3)
COUNTS = {"akiec": 20, "bcc": 30, "bkl": 60, "df": 10, "mel": 60, "nv": 310, "vasc": 10}


@pytest.fixture(scope="package")
def phantoms():
    """Clean rows and pixels of 500 phantoms, some of one lesion; every third row is external."""
    source = Phantoms(
        PhantomSource(kind="phantoms", images=COUNTS, images_per_lesion=1.2, planted_faults=False),
        seed=5,
    )
    preprocess = Preprocess(height=SHAPE[0], width=SHAPE[1], max_bytes=10**7, max_pixels=10**7)
    records = source.records()
    lesions = np.random.default_rng(1).permutation(records["lesion_id"].unique())
    external = records["lesion_id"].isin(lesions[: len(lesions) // 3])
    images = [
        decode_image(row.image_id, lambda row=row: source.read(row.file), preprocess)
        for row in records.itertuples()
    ]
    decoded = pd.DataFrame([{"image_id": image.image_id} | image.info for image in images])
    rows = records.merge(decoded, on="image_id")
    rows["role"] = np.where(external, "external", "train")
    rows["source"] = np.where(external, "clinic", "phantoms")
    return rows, {image.image_id: image.pixels for image in images}


@pytest.fixture
def make_store(tmp_path):
    def make(pixels):
        images = [StoredImage(name, picture) for name, picture in pixels.items()]
        write_image_store(tmp_path / "store", ImageBatch(images, SHAPE))
        return ImageStore(tmp_path / "store")

    return make
