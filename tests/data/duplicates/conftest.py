"""Stores of drawn pictures, and of their features."""

import pytest

from data.duplicates.drawn import HEIGHT, WIDTH
from dermaflow.data.images.image_store import ImageBatch, ImageStore, StoredImage, write_image_store
from feature_store import write_features


@pytest.fixture(scope="package")
def make_store(tmp_path_factory):
    """Make a store of pictures by their ids."""

    def make(pictures):
        folder = tmp_path_factory.mktemp("store") / "images"
        images = [StoredImage(name, pixels) for name, pixels in pictures.items()]
        write_image_store(folder, ImageBatch(images, (HEIGHT, WIDTH, 3)))
        return ImageStore(folder)

    return make


@pytest.fixture(scope="package")
def make_features(tmp_path_factory):
    """Make a store of the features of pictures by their ids."""

    def make(pictures, count=200):
        return write_features(tmp_path_factory.mktemp("store") / "features", pictures, WIDTH, count)

    return make
