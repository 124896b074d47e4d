"""The augment stage's nodes on a small set."""

import numpy as np
import pandas as pd
import pytest

from dermaflow.data.images.image_store import ImageBatch, ImageStore, StoredImage, write_image_store
from dermaflow.ml.synthesis.fill_classes import set_copies_aside, synthesise_images
from dermaflow.ml.training.working_folder import WorkingFolder
from dermaflow.pipelines.augment.nodes import fit_generators, measure_synthesis
from dermaflow.schema import SYNTHETIC_COLUMNS
from feature_store import write_features
from ml.small_gan import AUGMENT, DUPLICATES, make_manifest

CLASSES = ["df", "mel", "nv", "vasc"]
# Real training images a class: too few for a GAN, two to be filled up, one above the target.
REAL = {"df": 3, "mel": 8, "nv": 15, "vasc": 6}


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """A manifest with training and held-out rows, and its store."""
    manifest = make_manifest(REAL, CLASSES)
    random = np.random.default_rng(0)
    images = (
        StoredImage(name, random.integers(0, 255, (36, 48, 3), dtype=np.uint8))
        for name in manifest["image_id"]
    )
    folder = tmp_path_factory.mktemp("augment")
    write_image_store(folder / "real", ImageBatch(images, (36, 48, 3)))
    return manifest, ImageStore(folder / "real")


@pytest.fixture(scope="module")
def synthetic(real, tmp_path_factory):
    """What the stage makes of it: generators, grids, synthetic manifest and store."""
    manifest, store = real
    folder = tmp_path_factory.mktemp("synthetic")
    working = WorkingFolder(folder / "unfinished", {"run": "a"})
    generators, grids = fit_generators(manifest, store, AUGMENT, CLASSES, 1, working)
    batch, table = synthesise_images(generators, manifest, store, AUGMENT, seed=1)
    write_image_store(folder / "store", batch)
    return generators, grids, table, ImageStore(folder / "store")


def features_of(store, folder):
    names = store.index["image_id"].tolist()
    return write_features(folder, dict(zip(names, store.read(names), strict=True)))


def test_strategy_none_gives_an_empty_store_and_manifest(real, tmp_path):
    manifest, store = real
    none = AUGMENT.model_copy(update={"strategy": "none"})
    working = WorkingFolder(tmp_path / "unfinished", {"run": "a"})
    generators, grids = fit_generators(manifest, store, none, CLASSES, 1, working)
    batch, table = synthesise_images(generators, manifest, store, none, seed=1)
    write_image_store(tmp_path / "store", batch)
    empty = ImageStore(tmp_path / "store")
    assert len(empty) == len(table) == len(grids) == 0
    assert list(table.columns) == list(SYNTHETIC_COLUMNS)
    features = features_of(store, tmp_path / "features")
    table, copies = set_copies_aside(manifest, features, table, empty, DUPLICATES, 1)
    assert len(table) == len(copies) == 0
    report = measure_synthesis(manifest, store, table, empty, copies)
    assert report == {"classes": {}, "synthetic": 0, "copies_of_real": 0}


def test_the_report_covers_every_synthetic_class(real, synthetic, tmp_path):
    manifest, store = real
    *_, table, made = synthetic
    features = features_of(store, tmp_path / "features")
    table, copies = set_copies_aside(manifest, features, table, made, DUPLICATES, 1)
    report = measure_synthesis(manifest, store, table, made, copies)
    assert set(report["classes"]) == {"mel", "vasc"}
    assert report["classes"]["mel"]["real"] == 8
    assert report["classes"]["mel"]["diversity"] >= 0


def test_each_class_is_compared_with_its_own_training_images(tmp_path):
    """Flat pictures are as far apart as their grey levels."""
    levels = {"r1": 10, "r2": 20, "r3": 30, "held_out": 200, "nv1": 90, "nv2": 95}
    stores = {}
    for name, greys in (("real", levels), ("made", {"s1": 12, "s2": 18})):
        images = (
            StoredImage(image_id, np.full((20, 20, 3), grey, np.uint8))
            for image_id, grey in greys.items()
        )
        write_image_store(tmp_path / name, ImageBatch(images, (20, 20, 3)))
        stores[name] = ImageStore(tmp_path / name)
    manifest = pd.DataFrame({"image_id": list(levels), "label": ["mel"] * 4 + ["nv"] * 2})
    manifest["split"] = np.where(manifest["image_id"] == "held_out", "test", "train")
    made = pd.DataFrame({"image_id": ["s1", "s2"], "label": "mel"})
    copies = pd.DataFrame({"image_a": ["s3", "s3"], "image_b": ["r1", "r2"]})
    report = measure_synthesis(manifest, stores["real"], made, stores["made"], copies)
    mel = {
        "real": 3,
        "synthetic": 2,
        "diversity": pytest.approx(6 / ((10 + 10 + 20) / 3)),
        "nearest_ratio": pytest.approx(2 / 10),
    }
    assert report == {"classes": {"mel": mel}, "synthetic": 2, "copies_of_real": 1}
