"""Pictures of other kinds, judged by a network that was never trained, on phantoms."""

import io

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from conf_params import params_of
from dermaflow.data.images.image_store import ImageBatch, ImageStore, StoredImage, write_image_store
from dermaflow.data.images.preprocess import Preprocess
from dermaflow.errors import ParameterError
from dermaflow.ml.evaluation.decision_rule import DecisionRule
from dermaflow.ml.models.classifier import build_resnet50, describe
from dermaflow.ml.models.weights import Weights
from dermaflow.pipelines.evaluate.nodes import (
    choose_decision_rule,
    describe_training_images,
    predict_held_out,
)
from dermaflow_bench.out_of_distribution import (
    PHOTOGRAPHS,
    Trained,
    compare_kinds,
    draw_phantoms,
    tell_kinds,
)

SIZE = Preprocess(height=32, width=32)


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    """The evaluate stage's data sets by name, of 56 phantoms."""
    pixels = [SIZE.decode(drawn) for drawn in draw_phantoms(7)]
    ids = [f"i{number}" for number in range(len(pixels))]
    folder = tmp_path_factory.mktemp("store") / "store"
    images = [StoredImage(*pair) for pair in zip(ids, pixels, strict=True)]
    write_image_store(folder, ImageBatch(images, (32, 32, 3)))
    sides = (["train", "val", "train", "test"] * len(ids))[: len(ids)]
    manifest = pd.DataFrame({"image_id": ids, "group_id": ids, "split": sides})
    manifest = manifest.assign(label=["mel", "nv"] * (len(ids) // 2), source="s", data_version="v")
    torch.manual_seed(0)
    config = describe(["mel", "nv"], SIZE, "torchvision") | {"data_version": "v"}
    weights = Weights(dict(build_resnet50(2).state_dict()), config)
    evaluate, store = params_of("evaluate", {"operating_points": {}}), ImageStore(folder)
    space = describe_training_images(weights, manifest, store, evaluate, 17)
    logits = predict_held_out(weights, manifest, store, space, evaluate)
    return {
        "classifier": weights,
        "feature_space": space,
        "decision_rule": choose_decision_rule(logits, weights, space, evaluate),
        "logits": logits,
        "image_store": store,
        "params:seed": 17,
    }


class Catalog(dict):
    """Gives data sets as Kedro does."""

    load = dict.__getitem__


@pytest.fixture(scope="module")
def table(stage):
    return compare_kinds(Trained.load(Catalog(stage))).set_index("kind")


def test_each_kind_is_set_against_the_test_split(table):
    assert table["images"].to_dict() == {
        "test": 14,
        "blank": 50,
        "noise": 50,
        "blurred test images": 14,
        "photographs": len(PHOTOGRAPHS),
        "phantoms": 56,
    }
    assert np.isnan(table.loc["test", "auroc_distance"])
    others = table.drop("test")[["auroc_distance", "auroc_uncertainty"]]
    assert others.stack().between(0, 1).all()


def test_what_is_no_picture_of_skin_is_refused_with_its_reason(table):
    assert table.loc[["blank", "noise"], "abstained"].tolist() == [1, 1]
    assert table.loc["blank", "reasons"] == "unreadable: blank 100%"
    assert table.loc["noise", "reasons"] == "unreadable: noise 100%"
    # The network was never trained, and still tells noise from phantoms, but not phantoms apart.
    assert table.loc["noise", "auroc_distance"] > 0.8
    assert table.loc["phantoms", "auroc_distance"] < 0.75


def test_it_is_told_as_a_table(table):
    lines = list(tell_kinds(table.reset_index()))
    assert len(lines) == 2 + len(table)
    assert {line.count("|") for line in lines} == {7}
    assert lines[2].startswith("| test | 14 |  |  | ")


def test_a_model_that_measures_no_distance_is_refused(stage):
    rule = stage["decision_rule"] | {"abstention": None}
    with pytest.raises(ParameterError, match=r"evaluate\.abstention\.out_of_distribution"):
        Trained.load(Catalog(stage | {"decision_rule": rule}))
    assert DecisionRule.from_dict(rule).abstention is None


def test_photographs_need_no_download_and_phantoms_are_pictures():
    import skimage.data

    for name in PHOTOGRAPHS:
        assert getattr(skimage.data, name)().size, name
    (first, *_) = draw_phantoms(3)
    assert Image.open(io.BytesIO(first)).size == (96, 96)
