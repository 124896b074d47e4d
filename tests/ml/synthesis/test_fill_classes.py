"""Classes that are too small are filled up, from their training images alone."""

import hashlib

import numpy as np
import pandas as pd
import pytest
import torch

from dermaflow.data.images.image_store import ImageBatch, ImageStore, StoredImage, write_image_store
from dermaflow.ml.models.weights import Weights
from dermaflow.ml.synthesis.dcgan import build_generator
from dermaflow.ml.synthesis.fill_classes import (
    fit_missing,
    missing_counts,
    set_copies_aside,
    synthesise_images,
)
from dermaflow.ml.training.working_folder import WorkingFolder
from dermaflow.schema import SYNTHETIC_COLUMNS
from feature_store import write_features
from ml.small_gan import AUGMENT, DUPLICATES, make_manifest

CLASSES = ["df", "mel", "nv", "vasc"]
# Real training images a class: too few for a GAN, two to be filled up, one above the target.
REAL = {"df": 3, "mel": 8, "nv": 15, "vasc": 6}
SHAPE = (36, 48, 3)


def write_store(folder, names, pixels):
    write_image_store(folder, ImageBatch(map(StoredImage, names, pixels), pixels.shape[1:]))
    return ImageStore(folder)


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """A manifest with training and held-out rows, and its store."""
    manifest = make_manifest(REAL, CLASSES)
    pixels = np.random.default_rng(0).integers(0, 255, (len(manifest), *SHAPE), dtype=np.uint8)
    folder = tmp_path_factory.mktemp("augment") / "real"
    return manifest, write_store(folder, manifest["image_id"], pixels)


@pytest.fixture(scope="module")
def fit(real):
    """Fit generators to what is given, or to all."""

    def fit(folder, manifest=real[0], run="a", log=lambda metrics, step: None, seed=1):
        working = WorkingFolder(folder, {"run": run})
        return fit_missing(manifest, real[1], AUGMENT, CLASSES, seed, working, log)

    return fit


@pytest.fixture(scope="module")
def fitted(fit, tmp_path_factory):
    """Generators and grids of an undisturbed run, and the steps that it logged."""
    logged = []

    def log(metrics, step):
        logged.append((sorted(metrics)[0], step))

    return *fit(tmp_path_factory.mktemp("fitted"), log=log), logged


@pytest.fixture(scope="module")
def drawn(real, fitted, tmp_path_factory):
    """Rows and store of the images that they draw."""
    batch, table = synthesise_images(fitted[0], *real, AUGMENT, seed=1)
    folder = tmp_path_factory.mktemp("drawn") / "store"
    write_image_store(folder, batch)
    return table, ImageStore(folder)


def same(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[key], other[key]) for key in one)


@pytest.mark.parametrize(
    ("images", "missing"),
    [(3, {}), (4, {"mel": 8}), (11, {"mel": 1}), (12, {}), (13, {})],  # of 4 to 12
)
def test_a_class_is_filled_up_to_the_target_from_the_least_number_on(images, missing):
    train = pd.DataFrame({"label": ["mel"] * images})
    assert missing_counts(train, AUGMENT, ["df", "mel"]) == missing
    none = AUGMENT.model_copy(update={"strategy": "none"})
    assert missing_counts(train, none, ["df", "mel"]) == {}


def test_classes_too_small_for_a_gan_are_named(caplog):
    train = pd.DataFrame({"label": ["mel"] * 3 + ["nv"] * 20})
    missing_counts(train, AUGMENT, CLASSES)
    assert "No GAN for df, mel, vasc: fewer than augment.min_real = 4" in caplog.text


def test_generators_come_with_what_they_were_fitted_to(fitted):
    generators, grids, logged = fitted
    assert generators.config["missing"] == {"mel": 4, "vasc": 6}
    assert {key.split("/")[0] for key in generators.tensors} == {"mel", "vasc"} == set(grids)
    told = generators.config["classes"]
    assert {code: facts["real_images"] for code, facts in told.items()} == {"mel": 8, "vasc": 6}
    assert [facts["losses"][0]["step"] for facts in told.values()] == [2, 2]
    assert {key: generators.config[key] for key in ("kind", "seed", "data_version")} == {
        "kind": "dcgan",
        "seed": 1,
        "data_version": "v1",
    }
    assert logged == [
        (f"gan/{code}_discriminator_loss", step) for code in ("mel", "vasc") for step in (1, 2)
    ]


def test_classes_begin_with_networks_of_their_own(fitted):
    tensors = fitted[0].tensors
    names = [name.removeprefix("mel/") for name in tensors if name.startswith("mel/")]
    weights = [name for name in names if name.endswith("weight")]
    assert not any(torch.equal(tensors[f"mel/{n}"], tensors[f"vasc/{n}"]) for n in weights)


def test_generators_see_training_rows_only(real, fit, fitted, tmp_path):
    manifest, _ = real
    again, _ = fit(tmp_path, manifest[manifest["split"] == "train"])
    assert same(again.tensors, fitted[0].tensors)


def test_a_class_that_was_finished_is_not_fitted_again(real, fit, fitted, tmp_path, caplog):
    """What a run leaves that was killed in the second class."""
    manifest, _ = real
    fit(tmp_path, manifest[manifest["label"] != "vasc"])
    with caplog.at_level("INFO"):
        found, grids = fit(tmp_path)
    assert "The generator of mel is fitted already" in caplog.messages
    assert "The generator of vasc is fitted already" not in caplog.messages
    assert found.config == fitted[0].config
    assert same(found.tensors, fitted[0].tensors)
    assert all((grids[code] == grid).all() for code, grid in fitted[1].items())


def test_one_of_other_parameters_is_fitted_anew(fit, tmp_path, caplog):
    for run in ("a", "b"):
        fit(tmp_path, run=run)
    assert "was made with other run" in caplog.text
    assert "fitted already" not in caplog.text


def test_the_store_fills_each_class_to_its_target_in_the_real_shape(drawn):
    table, store = drawn
    assert table["label"].value_counts().to_dict() == {"mel": 4, "vasc": 6}
    assert len(store) == len(table) == 10
    assert store.read(table["image_id"].tolist()).shape == (10, *SHAPE)


def test_rows_are_for_training_and_tell_where_they_came_from(drawn, fitted):
    table, _ = drawn
    assert list(table.columns) == list(SYNTHETIC_COLUMNS)
    assert table["split"].eq("train").all()
    assert table["source"].eq("dcgan").all()
    assert table["data_version"].eq("v1").all()
    assert table["image_id"].tolist() == [
        *(f"SYN_mel_{number:05d}" for number in range(4)),
        *(f"SYN_vasc_{number:05d}" for number in range(6)),
    ]
    assert table["noise_index"].tolist() == [*range(4), *range(6)]
    assert table.groupby("label")["real_images"].first().to_dict() == {"mel": 8, "vasc": 6}
    tensors = fitted[0].tensors
    for code, rows in table.groupby("label"):
        names = sorted(name for name in tensors if name.startswith(f"{code}/"))
        content = b"".join(tensors[name].numpy().tobytes() for name in names)
        assert set(rows["generator"]) == {hashlib.sha256(content).hexdigest()[:16]}


@pytest.fixture(scope="module")
def one_generator():
    """The weights of one generator under the names of two classes, one a beginning of the other."""
    torch.manual_seed(0)
    network = build_generator(AUGMENT.dcgan)
    tensors = {f"{code}/{k}": v for code in ("a", "ab") for k, v in network.state_dict().items()}
    config = {
        "missing": {"a": 66, "ab": 2},
        "classes": {code: {"real_images": 5} for code in ("a", "ab")},
        "data_version": "v1",
    }
    return Weights(tensors, config)


def drawn_by(weights, real, seed):
    """Name -> pixels of what is drawn, without a look at the rows."""
    batch, _ = synthesise_images(weights, *real, AUGMENT, seed)
    return {image.image_id: image.pixels for image in batch.images}


def test_every_image_is_of_its_own_noise_across_batches(one_generator, real):
    weights = one_generator
    images = drawn_by(weights, real, seed=1)
    assert len({pixels.tobytes() for pixels in images.values()}) == 68  # classes differ, too
    assert list(images)[63:67] == ["SYN_a_00063", "SYN_a_00064", "SYN_a_00065", "SYN_ab_00000"]
    other = drawn_by(weights, real, seed=2)
    assert not np.array_equal(other["SYN_a_00000"], images["SYN_a_00000"])
    # More of them are the same and some others.
    config = weights.config | {"missing": {"a": 3, "ab": 2}}
    fewer = drawn_by(Weights(weights.tensors, config), real, seed=1)
    for name in ("SYN_a_00002", "SYN_ab_00001"):
        difference = fewer[name].astype(int) - images[name]
        assert abs(difference).max() <= 1  # kernels may sum in another order


def test_an_image_that_shows_a_real_lesion_is_kept_out_of_training(tmp_path):
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
    real = write_features(tmp_path / "real", dict(zip(names, images[:30], strict=True)))
    synthetic = write_store(tmp_path / "made", generated["image_id"], made)
    kept, copies = set_copies_aside(manifest, real, generated, synthetic, DUPLICATES, 1)
    assert set(generated["image_id"]) - set(kept["image_id"]) == {"s3", "s7"}
    assert kept.index.tolist() == list(range(8))
    found = copies.set_index("image_a")
    assert found["image_b"].to_dict() == {"s3": "r5", "s7": "r25"}
    assert found["label"].eq("mel").all()
    assert found["split"].to_dict() == {"s3": "train", "s7": "test"}
    assert found["mirrored"].to_dict() == {"s3": True, "s7": False}
