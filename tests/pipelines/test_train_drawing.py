"""Pictures of the train stage: its curves, and training images as the network gets them."""

import numpy as np
import pandas as pd
import pytest

from conf_params import params_of
from dermaflow.pipelines.train.drawing import SAMPLES, choose_samples, create_pipeline
from pipelines.drawings import draw, plain_store
from reporting.artists import heading, pictures, texts, tile_shades

H, W = 8, 12
CLASSES = ["nv", "mel"]  # as a label scheme may order them
GREYS = {"v": 90, "m1": 10, "m1_again": 11, "n1": 20, "n2": 21, "x": 91}


def rows(*lesions, split="train"):
    """Two images of each lesion, the class before its number."""
    images = [
        (f"{name}_{place}", name, name.rstrip("0123456789"), split)
        for name in lesions
        for place in "ab"
    ]
    return pd.DataFrame(images, columns=["image_id", "group_id", "label", "split"])


def test_one_image_of_a_lesion_is_shown_and_classes_take_turns_in_their_order():
    table = pd.concat([rows("mel1", "mel2", "nv1", "nv2", "nv3"), rows("df1", split="test")])
    shown = choose_samples(table, ["df", "nv", "mel"])
    assert shown["image_id"].tolist() == ["nv1_a", "mel1_a", "nv2_a", "mel2_a", "nv3_a"]


def test_no_more_are_shown_than_have_place():
    lesions = [f"{code}{number}" for code in ("mel", "nv") for number in range(SAMPLES)]
    assert choose_samples(rows(*lesions), CLASSES)["label"].tolist() == ["nv", "mel"] * 4


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    store = plain_store(tmp_path_factory.mktemp("train_drawing") / "store", GREYS, (H, W, 3))
    manifest = pd.DataFrame({"image_id": list(GREYS)})
    manifest["group_id"] = ["v", "m1", "m1", "n1", "n2", "x"]
    manifest["label"] = ["mel", "mel", "mel", "nv", "nv", "nv"]
    manifest["split"] = ["val", "train", "train", "train", "train", "external"]
    keys = ("train_loss", "val_loss", "val_accuracy", "val_balanced_accuracy")
    history = {"epochs": [{"epoch": 1} | dict.fromkeys(keys, 0.5)], "best_epoch": 1}
    return {
        "training_history": history | {"real_images": 4, "synthetic_images": 3},
        "manifest": manifest,
        "image_store": store,
        "params:train": params_of("train"),
        "params:image": params_of("image", {"height": 64, "width": 64}),  # of another store
        "classes": CLASSES,
        "params:seed": 17,
    }


@pytest.fixture(scope="module")
def figures(inputs):
    return draw(create_pipeline(), "training_figures", inputs)


def test_the_history_and_the_batches_are_drawn_and_no_operations_where_none_is_on(figures):
    assert list(figures) == ["01_history.png", "02_batches.png"]
    caption = heading(figures["01_history.png"])[1]
    assert caption == "4 real and 3 synthetic images; epoch 1 was kept"


def test_training_images_are_shown_as_stored_with_their_classes(figures):
    stored, *fed = figures["02_batches.png"].axes
    assert texts(stored) == ["as stored", "nv", "mel", "nv"]
    assert tile_shades(pictures(stored)[0], H, W) == [20, 10, 21]
    assert [texts(axes) for axes in fed] == [
        [f"after {share}%\n{W} x {H}", "nv", "mel", "nv"] for share in (0, 25, 50, 75)
    ]


def test_batches_depend_on_the_seed_alone(inputs, figures):
    def fed(figures):
        return np.stack([pictures(axes)[0] for axes in figures["02_batches.png"].axes])

    again = draw(create_pipeline(), "training_figures", inputs)
    other = draw(create_pipeline(), "training_figures", inputs | {"params:seed": 18})
    assert (fed(again) == fed(figures)).all()
    assert (fed(other) != fed(figures)).any()


def test_operations_that_are_on_are_shown_each_alone(inputs):
    policy = {"operations": 1, "among": ["identity", "brightness", "noise"], "magnitude": 0.5}
    train = params_of("train", {f"augmentation.policy.{k}": value for k, value in policy.items()})
    figures = draw(create_pipeline(), "training_figures", inputs | {"params:train": train})
    assert list(figures)[2:] == ["03_operations.png"]
    shown = [texts(axes)[0] for axes in figures["03_operations.png"].axes]
    assert shown == ["as stored", "brightness", "noise"]
