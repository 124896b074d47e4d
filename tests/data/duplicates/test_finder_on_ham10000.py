"""Altered copies of real images, planted among all of HAM10000, are found, and little else.

Takes minutes, and the images: ``DERMAFLOW_HAM10000_DIR`` names their folder.
"""

import os

import cv2
import numpy as np
import pandas as pd
import pytest

from conf_params import params_of
from data.duplicates.alterations import alter
from dermaflow.data.duplicates.finder import find_pairs
from dermaflow.data.images.image_store import ImageBatch, ImageStore, StoredImage, write_image_store
from dermaflow.data.images.preprocess import Preprocess
from dermaflow.data.sources.ham10000 import Ham10000
from dermaflow.params.sources import Ham10000Source

FOLDER = os.environ.get("DERMAFLOW_HAM10000_DIR")
PLANTED = 500

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(FOLDER is None, reason="DERMAFLOW_HAM10000_DIR is not set"),
]


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """Records of the originals, what was done to each copy, and the pairs that were found."""
    source = Ham10000(Ham10000Source(kind="ham10000", folder=FOLDER), "ingest.sources.ham10000", ())
    records = source.records().set_index("image_id")
    size = params_of("image", env="ham10000")
    preprocess = Preprocess(**size.model_dump())
    rng = np.random.default_rng(1)
    chosen = rng.choice(records.index, PLANTED, replace=False)
    done = {}

    def images():
        for name, file in records["file"].items():
            yield StoredImage(name, preprocess.decode(source.read(file)))
        for number, name in enumerate(chosen):
            encoded = np.frombuffer(source.read(records.at[name, "file"]), np.uint8)
            pixels = cv2.imdecode(encoded, cv2.IMREAD_COLOR)
            done[f"copy of {name}"], altered = alter(pixels, number, rng)
            encoded = cv2.imencode(".png", altered)[1].tobytes()
            yield StoredImage(f"copy of {name}", preprocess.decode(encoded))

    folder = tmp_path_factory.mktemp("store") / "images"
    write_image_store(folder, ImageBatch(images(), (size.height, size.width, 3)))
    params = params_of("duplicates", env="base")
    lesions = records["lesion_id"].to_dict() | {name: name for name in done}
    return records, done, find_pairs(ImageStore(folder), lesions, params, np.random.default_rng(0))


def test_nearly_all_copies_are_found(planted):
    _, done, pairs = planted
    found = {b for a, b in zip(pairs["image_a"], pairs["image_b"], strict=True) if b[8:] == a}
    missed = pd.Series([" + ".join(done[name]) for name in done if name not in found])
    print(f"found {len(found)} of {len(done)}; missed:\n{missed.value_counts().to_string()}")  # noqa: T201
    assert len(found) >= 0.95 * PLANTED


def test_copies_are_hardly_joined_with_other_lesions(planted):
    records, done, pairs = planted
    originals = pairs[~pairs["image_b"].isin(done)]
    lesion = records["lesion_id"]
    same = {frozenset(p) for p in zip(originals["image_a"], originals["image_b"], strict=True)}

    def origin(name):
        return name.removeprefix("copy of ")

    wrong = [
        (a, b)
        for a, b in zip(pairs["image_a"], pairs["image_b"], strict=True)
        if b in done and lesion[origin(a)] != lesion[origin(b)]
        if frozenset((origin(a), origin(b))) not in same  # two ids of one lesion: no fault
    ]
    print(f"{len(wrong)} joined wrongly: {wrong}")  # noqa: T201
    assert len(wrong) <= 10
