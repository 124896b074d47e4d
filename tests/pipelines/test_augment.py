"""The augment stage's nodes on a small set."""

import numpy as np
import pandas as pd
import pytest

from dermaflow.data.images.image_store import ImageBatch, ImageStore, StoredImage, write_image_store
from dermaflow.ml.synthesis.fill_classes import missing_counts, set_copies_aside, synthesise_images
from dermaflow.ml.training.working_folder import WorkingFolder
from dermaflow.pipelines.augment.drawing import draw_synthesis
from dermaflow.pipelines.augment.nodes import fit_generators, measure_synthesis
from dermaflow.schema import SYNTHETIC_COLUMNS
from ml.small_gan import AUGMENT, DUPLICATES

CLASSES = ["df", "mel", "nv", "vasc"]
# Real training images a class: too few for a GAN, two to be filled up, one above the target.
REAL = {"df": 3, "mel": 8, "nv": 15, "vasc": 6}


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """A manifest with training and held-out rows, and its store."""
    rows = [(code, "train") for code, count in REAL.items() for _ in range(count)]
    rows += [(code, split) for code in CLASSES for split in ("val", "test")]
    manifest = pd.DataFrame(rows, columns=["label", "split"])
    manifest["data_version"] = "v1"
    manifest.insert(0, "image_id", [f"x{number}" for number in range(len(manifest))])
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


def test_only_minority_classes_with_enough_images_are_filled_up(real):
    manifest, _ = real
    train = manifest[manifest["split"] == "train"]
    assert missing_counts(train, AUGMENT, CLASSES) == {"mel": 4, "vasc": 6}
    none = AUGMENT.model_copy(update={"strategy": "none"})
    assert missing_counts(train, none, CLASSES) == {}


def test_the_store_fills_each_class_to_its_target_in_the_real_shape(synthetic):
    _, grids, table, store = synthetic
    assert table["label"].value_counts().to_dict() == {"mel": 4, "vasc": 6}
    assert len(store) == len(table) == 10
    assert store.read(table["image_id"].tolist()).shape == (10, 36, 48, 3)
    assert set(grids) == {"mel", "vasc"}


def test_synthetic_rows_are_for_training_and_tell_where_they_came_from(synthetic):
    generators, _, table, _ = synthetic
    assert list(table.columns) == list(SYNTHETIC_COLUMNS)
    assert table["split"].eq("train").all()
    assert table["image_id"].is_unique
    assert table.groupby("label")["generator"].nunique().eq(1).all()
    assert table["generator"].nunique() == 2
    assert table.groupby("label")["real_images"].first().to_dict() == {"mel": 8, "vasc": 6}
    assert generators.config["missing"] == {"mel": 4, "vasc": 6}


def test_generators_see_training_rows_only(real, synthetic, tmp_path):
    """Other pixels in the held-out rows must change nothing."""
    manifest, store = real
    generators, *_ = synthetic
    only_train = manifest[manifest["split"] == "train"]
    working = WorkingFolder(tmp_path, {"run": "a"})
    again, _ = fit_generators(only_train, store, AUGMENT, CLASSES, 1, working)
    assert all((again.tensors[k] == v).all() for k, v in generators.tensors.items())


def test_a_class_that_was_finished_is_not_fitted_again(real, synthetic, tmp_path, caplog):
    """What a run leaves that was killed in the second class."""
    manifest, store = real
    undisturbed, undisturbed_grids, *_ = synthetic
    first = manifest[manifest["label"] != "vasc"]
    fit_generators(first, store, AUGMENT, CLASSES, 1, WorkingFolder(tmp_path, {"run": "a"}))
    with caplog.at_level("INFO"):
        found, grids = fit_generators(
            manifest, store, AUGMENT, CLASSES, 1, WorkingFolder(tmp_path, {"run": "a"})
        )
    assert "The generator of mel is fitted already" in caplog.messages
    assert "The generator of vasc is fitted already" not in caplog.messages
    assert found.config == undisturbed.config
    assert found.tensors.keys() == undisturbed.tensors.keys()
    assert all((found.tensors[k] == v).all() for k, v in undisturbed.tensors.items())
    assert all((grids[code] == grid).all() for code, grid in undisturbed_grids.items())


def test_one_of_other_parameters_is_fitted_anew(real, tmp_path, caplog):
    manifest, store = real
    for run in ("a", "b"):
        fit_generators(manifest, store, AUGMENT, CLASSES, 1, WorkingFolder(tmp_path, {"run": run}))
    assert "was made with other run" in caplog.text
    assert "fitted already" not in caplog.text


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
    table, copies = set_copies_aside(manifest, store, table, empty, DUPLICATES, 1)
    assert len(table) == len(copies) == 0
    report = measure_synthesis(manifest, store, table, empty, copies)
    assert report == {"classes": {}, "synthetic": 0, "copies_of_real": 0}
    assert list(draw_synthesis(manifest, store, table, empty, grids)) == ["00_class_counts.png"]


def test_report_and_figures_cover_every_synthetic_class(real, synthetic):
    manifest, store = real
    _, grids, table, made = synthetic
    table, copies = set_copies_aside(manifest, store, table, made, DUPLICATES, 1)
    report = measure_synthesis(manifest, store, table, made, copies)
    assert set(report["classes"]) == {"mel", "vasc"}
    assert report["classes"]["mel"]["real"] == 8
    assert report["classes"]["mel"]["diversity"] >= 0
    figures = draw_synthesis(manifest, store, table, made, grids)
    assert {"mel_progress.png", "vasc_real_and_synthetic.png"} <= set(figures)


def test_a_synthetic_image_that_shows_a_real_lesion_is_kept_out_of_training(tmp_path):
    """A generator that gives back a training image, mirrored, and a test image, brighter."""
    rng = np.random.default_rng(2)
    rough = rng.integers(0, 160, (40, 12, 16, 3)).astype(np.uint8)
    images = rough.repeat(8, axis=1).repeat(8, axis=2)
    names = [f"r{number}" for number in range(30)]
    manifest = pd.DataFrame({"image_id": names, "label": "mel"})
    manifest["split"] = ["train"] * 20 + ["test"] * 10
    generated = pd.DataFrame({"image_id": [f"s{number}" for number in range(10)], "label": "mel"})
    made = images[30:].copy()
    made[3] = images[5][:, ::-1]
    made[7] = images[25] + 40
    stores = {}
    for name, ids, pixels in (("real", names, images), ("made", generated["image_id"], made)):
        batch = ImageBatch(map(StoredImage, ids, pixels), (96, 128, 3))
        write_image_store(tmp_path / name, batch)
        stores[name] = ImageStore(tmp_path / name)
    kept, copies = set_copies_aside(
        manifest, stores["real"], generated, stores["made"], DUPLICATES, 1
    )
    assert set(generated["image_id"]) - set(kept["image_id"]) == {"s3", "s7"}
    found = copies.set_index("image_a")
    assert found["image_b"].to_dict() == {"s3": "r5", "s7": "r25"}
    assert found["split"].to_dict() == {"s3": "train", "s7": "test"}
    assert found["mirrored"].to_dict() == {"s3": True, "s7": False}
