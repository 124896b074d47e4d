"""Altered copies of real images, planted among all of HAM10000, are found, and little else.

So are the pairs of one lesion under two ids that others have published. Takes minutes, and the
images: ``DERMAFLOW_HAM10000_DIR`` names their folder.
"""

import os
from hashlib import sha256

import cv2
import numpy as np
import pandas as pd
import pytest

from conf_params import params_of
from data.duplicates.alterations import alter, reshoot
from dermaflow.data.duplicates.describe import describe_file, features_recipe, record_shape
from dermaflow.data.duplicates.finder import find_pairs
from dermaflow.data.images.image_store import ImageBatch, ImageStore, write_image_store
from dermaflow.data.images.preprocess import Preprocess
from dermaflow.data.sources.ham10000 import Ham10000
from dermaflow.data.validation.split import find_groups
from dermaflow.io.threads import map_in_threads
from dermaflow.params.sources import Ham10000Source

FOLDER = os.environ.get("DERMAFLOW_HAM10000_DIR")
PLANTED = 500  # of each kind

# Image numbers of pairs of one lesion under two ids that Abhishek, Jain & Hamarneh list,
# "Investigating the Quality of DermaMNIST and Fitzpatrick17k Dermatological Image Datasets",
# Scientific Data 2025; the list is newly_discovered_duplicates.csv of
# https://github.com/kakumarabhishek/Corrected-Skin-Image-Datasets
PUBLISHED = [
    (33481, 33421),
    (33556, 32634),
    (29152, 33173),
    (29036, 27027),
    (27820, 28209),
    (27689, 32647),
    (30906, 24879),
    (33391, 34186),
    (25226, 30074),
    (26087, 25664),
    (24736, 29748),
    (24770, 27811),
    (27162, 29061),
    (24602, 32283),
    (29625, 24629),
    (30000, 31392),
    (24437, 31299),
    (33374, 33417),
]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(FOLDER is None, reason="DERMAFLOW_HAM10000_DIR is not set"),
]


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """Records of the originals, what was done to each copy, and the pairs that were found."""
    source = Ham10000(Ham10000Source(kind="ham10000", folder=FOLDER), "ingest.sources.ham10000", ())
    records = source.records().set_index("image_id")
    params = params_of("ingest", env="ham10000").features
    preprocess = Preprocess(params.side, params.side)
    rng = np.random.default_rng(1)
    done = {}

    def files():
        for name, file in records["file"].items():
            yield name, source.read(file)
        for kind, change in (("old", alter), ("reshot", reshoot)):
            chosen = rng.choice(records.index, PLANTED, replace=False)
            for number, name in enumerate(chosen):
                encoded = np.frombuffer(source.read(records.at[name, "file"]), np.uint8)
                pixels = cv2.imdecode(encoded, cv2.IMREAD_COLOR)
                copy = f"{kind} copy of {name}"
                done[copy], altered = change(pixels, number, rng)
                yield copy, cv2.imencode(".png", altered)[1].tobytes()

    def describe(file):
        name, encoded = file
        digest = sha256(encoded).hexdigest()
        return describe_file(name, digest, lambda: encoded, preprocess, params.keypoints)

    folder = tmp_path_factory.mktemp("store") / "features"
    images = map_in_threads(describe, files(), block=8)
    recipe = features_recipe(preprocess, params.keypoints)
    write_image_store(folder, ImageBatch(images, record_shape(params.keypoints), recipe=recipe))
    duplicates = params_of("duplicates", env="base")
    lesions = records["lesion_id"].to_dict() | {name: name for name in done}
    pairs = find_pairs(ImageStore(folder), lesions, duplicates, np.random.default_rng(0))
    return records, done, pairs


def origin(name):
    return name.rpartition(" ")[2]


def both_ways(pairs):
    """Each pair twice, for a copy may be either image."""
    for a, b in zip(pairs["image_a"], pairs["image_b"], strict=True):
        yield a, b
        yield b, a


@pytest.mark.parametrize("kind", ["old", "reshot"])
def test_nearly_all_copies_are_found(planted, kind):
    _, done, pairs = planted
    copies = [name for name in done if name.startswith(kind)]
    found = {a for a, b in both_ways(pairs) if a in done and origin(a) == b}
    missed = pd.Series([" + ".join(done[name]) for name in copies if name not in found])
    print(f"{kind}: found {PLANTED - len(missed)}; missed:\n{missed.value_counts().to_string()}")  # noqa: T201
    assert len(copies) == PLANTED
    assert len(missed) <= 0.03 * PLANTED


def test_copies_are_hardly_joined_with_other_lesions(planted):
    records, done, pairs = planted
    lesion = records["lesion_id"]
    originals = pairs[~pairs["image_a"].isin(done) & ~pairs["image_b"].isin(done)]
    same = {frozenset((lesion[a], lesion[b])) for a, b in both_ways(originals)}
    wrong = [
        (a, b)
        for a, b in zip(pairs["image_a"], pairs["image_b"], strict=True)
        if a in done or b in done
        # Two ids of one lesion are no fault.
        if (lesions := frozenset((lesion[origin(a)], lesion[origin(b)]))) not in same
        if len(lesions) > 1
    ]
    print(f"{len(wrong)} joined wrongly: {wrong}")  # noqa: T201
    assert len(wrong) <= 10


def test_published_pairs_are_joined_and_groups_stay_small(planted):
    records, done, pairs = planted
    own = pairs[~pairs["image_a"].isin(done) & ~pairs["image_b"].isin(done)]
    rows = records.reset_index().assign(patient_id=None)
    rows["sha256"] = rows["image_id"]
    groups = find_groups(rows, own)
    of_image = pd.Series(groups.to_numpy(), rows["image_id"])
    listed = [(f"ISIC_00{a}", f"ISIC_00{b}") for a, b in PUBLISHED]
    missed = [pair for pair in listed if of_image[pair[0]] != of_image[pair[1]]]
    print(f"{len(own)} pairs; of {len(listed)} published ones missed: {missed}")  # noqa: T201
    assert len(missed) <= 2
    assert rows["lesion_id"].groupby(groups).nunique().max() <= 6
