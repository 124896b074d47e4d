"""The train stage's nodes: a real training of one epoch, and what is refused before any."""

import numpy as np
import pandas as pd
import pytest
import torch

from conf_params import params_of
from dermaflow.data.images.image_store import ImageBatch, ImageStore, StoredImage, write_image_store
from dermaflow.errors import ValidationError
from dermaflow.ml.models.classifier import load_classifier
from dermaflow.ml.training.working_folder import WorkingFolder
from dermaflow.pipelines.train.nodes import check_splits, train_classifier

CLASSES = ["nv", "mel"]  # as a label scheme may order them
TRAIN = params_of(
    "train",
    {
        "epochs": 1,
        "batch_size": 5,
        "precision": "fp32",
        "backbone.frozen": ["stem", "layer1", "layer2", "layer3"],
    },
)


def manifest(**changes):
    table = {
        "image_id": ["a", "b", "c"],
        "group_id": ["g1", "g2", "g3"],
        "split": ["train", "val", "test"],
        "data_version": "v1",
    }
    return pd.DataFrame(table | changes)


def synthetic(**changes):
    table = {"image_id": ["SYN_1"], "split": ["train"], "data_version": ["v1"]}
    return pd.DataFrame(table | changes)


def noise_store(folder, image_ids):
    pixels = np.random.default_rng(0).integers(0, 256, (len(image_ids), 32, 32, 3), np.uint8)
    write_image_store(folder, ImageBatch(map(StoredImage, image_ids, pixels), (32, 32, 3)))
    return ImageStore(folder)


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    """The stage as a function of its manifests. The store holds neither test nor other images."""
    folder = tmp_path_factory.mktemp("train")
    stores = noise_store(folder / "real", list("abcdefgh")), noise_store(folder / "made", ["SYN_1"])
    image = params_of("image", {"height": 32, "width": 32})

    def train(real, made, checkpoints=folder / "checkpoints"):
        working = WorkingFolder(checkpoints, {"run": "a"})
        return train_classifier(real, stores[0], made, stores[1], TRAIN, image, CLASSES, 1, working)

    return train, stores[0]


@pytest.fixture(scope="module")
def trained(stage):
    """Four images to train on and a synthetic one, four that choose the epoch, and others."""
    train, _ = stage
    sides = ["train", "val"] * 4 + ["test", "external", "excluded"]
    rows = {"image_id": [*"abcdefgh", "absent1", "absent2", "absent3"], "split": sides}
    groups = [f"g{number}" for number in range(len(sides))]
    labels = ["mel", "mel", "nv"] * 3 + ["nv", "mel"]
    real = manifest(**rows, group_id=groups, label=labels)
    return real, *train(real, synthetic(label=["mel"]))


def test_weights_say_which_data_and_classes_they_are_of(trained):
    _, weights, _ = trained
    assert weights.config["data_version"] == "v1"
    assert weights.config["classes"] == CLASSES
    assert weights.config["preprocess"]["height"] == 32


def test_the_training_split_and_synthetic_images_are_trained_on(trained):
    *_, history = trained
    assert (history["real_images"], history["synthetic_images"]) == (4, 1)
    assert history["best_epoch"] == len(history["epochs"]) == 1


def test_the_validation_split_chooses_the_epoch(stage, trained):
    """Its loss, as it comes of the weights that were kept."""
    real, weights, history = trained
    val = real[real["split"] == "val"]
    network = load_classifier(weights)
    pixels = torch.from_numpy(stage[1].read(val["image_id"].tolist()))
    with torch.inference_mode():
        logits = network.network(network.preprocess.to_input(pixels))
    truth = torch.tensor([CLASSES.index(code) for code in val["label"]])
    loss = torch.nn.functional.cross_entropy(logits, truth).item()
    assert history["epochs"][0]["val_loss"] == pytest.approx(loss, rel=1e-3)


def test_clean_splits_pass():
    check_splits(manifest(), synthetic())


def test_external_images_that_are_left_out_are_no_leak():
    sides = {"group_id": ["g1", "g2", "g1"], "split": ["train", "val", "excluded"]}
    check_splits(manifest(**sides), synthetic())


@pytest.mark.parametrize(
    ("real", "made", "message"),
    [
        ({"group_id": ["g1", "g2", "g1"]}, {}, "1 groups are in more than one split, 'g1'"),
        ({}, {"split": ["test"]}, "outside the training split"),
        ({}, {"image_id": ["b"]}, "'b' is the id of a real image"),
        ({}, {"data_version": ["v0"]}, "made from data v0, but the manifest is v1"),
    ],
)
def test_leaks_are_refused_before_anything_is_trained(real, made, message, stage, tmp_path):
    train, _ = stage
    with pytest.raises(ValidationError, match=message):
        train(manifest(**real), synthetic(**made), tmp_path)
    assert not list(tmp_path.iterdir())
