"""The train stage's nodes."""

import pandas as pd
import pytest
import torch
from safetensors.torch import save_file

from dermaflow.errors import ValidationError
from dermaflow.ml.models.backbone import initialise_network
from dermaflow.ml.models.classifier import build_resnet50
from dermaflow.params.train import BackboneParams
from dermaflow.pipelines.train.drawing import choose_samples
from dermaflow.pipelines.train.nodes import check_splits


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


def backbone(**changes):
    values = {
        "weights": "scratch",
        "name": "IMAGENET1K_V2",
        "stride": "torchvision",
        "frozen": [],
        "batch_norm": "train",
    }
    return BackboneParams(**(values | changes))


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
def test_leaks_are_refused(real, made, message):
    with pytest.raises(ValidationError, match=message):
        check_splits(manifest(**real), synthetic(**made))


def test_frozen_statistics_must_come_from_somewhere():
    with pytest.raises(ValueError, match="batch_norm is 'frozen', but weights 'scratch'"):
        backbone(batch_norm="frozen")


def test_shown_images_are_training_lesions_of_all_classes_in_turn():
    rows = [(f"{code}{n}", f"g{code}{n // 2}", code) for code in ("nv", "mel") for n in range(20)]
    table = pd.DataFrame(rows, columns=["image_id", "group_id", "label"]).assign(split="train")
    held_out = pd.DataFrame([("t", "t", "df", "test")], columns=table.columns)
    shown = choose_samples(pd.concat([table, held_out]), ["df", "mel", "nv"])
    assert shown["label"].tolist() == ["mel", "nv"] * 4
    assert shown["group_id"].is_unique


def test_scratch_weights_depend_on_the_seed_alone():
    first, second = (initialise_network(backbone(), 3, seed=5) for _ in range(2))
    other = initialise_network(backbone(), 3, seed=6)
    assert torch.equal(first.conv1.weight, second.conv1.weight)
    assert not torch.equal(first.conv1.weight, other.conv1.weight)


def test_a_partial_file_fills_what_it_holds_and_keeps_the_head(tmp_path):
    donor = build_resnet50(5).state_dict()
    part = {k: v.half() if "conv" in k else v for k, v in donor.items() if "layer4" not in k}
    save_file(part, tmp_path / "part.safetensors")
    params = backbone(weights="file", path=str(tmp_path / "part.safetensors"), stride="caffe")
    network = initialise_network(params, 3, seed=1)
    scratch = initialise_network(backbone(stride="caffe"), 3, seed=1)
    assert torch.equal(network.conv1.weight, donor["conv1.weight"].half().float())
    assert torch.equal(network.layer4[0].conv1.weight, scratch.layer4[0].conv1.weight)
    assert network.fc.out_features == 3
    assert network.layer2[0].conv1.stride == (2, 2)
