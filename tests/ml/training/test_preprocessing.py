"""The preprocessing of a training, from three places."""

import numpy as np
import pytest

from conf_params import params_of
from dermaflow.data.images.image_store import ImageBatch, ImageStore, StoredImage, write_image_store
from dermaflow.ml.training.preprocessing import build_preprocess
from ml.recipes import make_params


@pytest.mark.parametrize("norm", [None, 6])
def test_sizes_are_the_stores_caps_the_parameters_and_colours_the_recipes(tmp_path, norm):
    images = [StoredImage("a", np.zeros((40, 56, 3), np.uint8))]
    write_image_store(tmp_path / "store", ImageBatch(images, (40, 56, 3)))
    image = params_of(
        "image", {"height": 64, "width": 96, "max_bytes": 10_000, "max_pixels": 20_000}
    )
    train = make_params(colour_constancy=norm)
    found = build_preprocess(ImageStore(tmp_path / "store"), image, train)
    assert (found.height, found.width) == (40, 56)  # what lies there, whatever is wanted by now
    assert (found.max_bytes, found.max_pixels) == (10_000, 20_000)
    assert found.colour_constancy == norm
