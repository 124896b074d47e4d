"""Combinations of recipe parameters that are refused."""

import pytest
from pydantic import ValidationError

from conf_params import params_of
from ml.recipes import make_params


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"loss": {"class_balance_beta": 0.99, "logit_adjustment": 1.0}},
            "both correct for the classes' frequencies",
        ),
        (
            {"mix": {"probability": 0.5, "mixup_alpha": 0, "cutmix_alpha": 0}},
            "mixup_alpha and cutmix_alpha are both 0",
        ),
        (
            {"resize": [{"until": 0.6, "scale": 0.5}, {"until": 0.3, "scale": 0.75}]},
            "each stage must end later",
        ),
        ({"resize": [{"until": 0.5, "scale": 0.25}]}, "greater than or equal to 0.5"),
        (
            {"augmentation": {"policy": {"operations": 2, "magnitude": 0.5, "among": ["shear"]}}},
            "Input should be 'identity'",
        ),
        ({"colour_constancy": 0.5}, "greater than or equal to 1"),
        ({"layer_decay": 1.5}, "less than or equal to 1"),
    ],
)
def test_what_makes_no_sense_is_refused(changes, message):
    with pytest.raises(ValidationError, match=message):
        make_params(**changes)


def test_more_hairs_at_least_than_at_most_are_refused():
    effects = make_params().augmentation.effects.model_dump() | {"hairs": (9, 3)}
    with pytest.raises(ValidationError, match="9 is more than 3"):
        make_params(augmentation={"effects": effects})


@pytest.mark.parametrize(
    ("path", "message"),
    [(None, r"backbone\.path is not set"), ("a.safetensors", "there is no file a.safetensors")],
)
def test_a_file_backbone_needs_its_path(path, message):
    with pytest.raises(ValidationError, match=message):
        params_of("train", {"backbone.weights": "file", "backbone.path": path})


def test_frozen_statistics_must_come_from_somewhere():
    with pytest.raises(ValidationError, match="batch_norm is 'frozen', but weights 'scratch'"):
        params_of("train", {"backbone.weights": "scratch", "backbone.batch_norm": "frozen"})
