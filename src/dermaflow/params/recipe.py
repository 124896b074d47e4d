"""Typed parameters of the fine-tuning recipe: groups of ``train`` that can be turned off."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from dermaflow.params.base import Fraction, Params

MAX_HAIRS = 16  # drawn over one image

OperationName = Literal[
    "identity",
    "brightness",
    "contrast",
    "saturation",
    "hue",
    "temperature",
    "sharpness",
    "noise",
    "hairs",
    "erase",
]
HairCount = Annotated[int, Field(ge=0, le=MAX_HAIRS)]


class LossParams(Params):
    """Cross entropy and what may be done to it."""

    label_smoothing: Annotated[float, Field(ge=0, lt=1)]
    focal_gamma: Annotated[float, Field(ge=0, le=10)]  # 0: every image counts alike
    class_balance_beta: Annotated[float, Field(ge=0, lt=1)]  # 0: every class weighs 1
    logit_adjustment: Annotated[float, Field(ge=0, le=4)]  # tau; 0: off

    @model_validator(mode="after")
    def _frequencies_are_corrected_once(self) -> LossParams:
        if self.class_balance_beta and self.logit_adjustment:
            raise ValueError(
                "class_balance_beta and logit_adjustment both correct for the classes' "
                "frequencies: set one of them to 0"
            )
        return self


class MixParams(Params):
    """Two images in one: mixup blends them, cutmix pastes a box of one into the other."""

    probability: Fraction  # share of the batches that are mixed
    mixup_alpha: Annotated[float, Field(ge=0, le=10)]  # of Beta(alpha, alpha); 0: no mixup
    cutmix_alpha: Annotated[float, Field(ge=0, le=10)]  # the same; where both are set, half each

    @model_validator(mode="after")
    def _there_is_a_way_to_mix(self) -> MixParams:
        if self.probability and not (self.mixup_alpha or self.cutmix_alpha):
            raise ValueError("mix.probability is set, but mixup_alpha and cutmix_alpha are both 0")
        return self


class EffectParams(Params):
    """Changes to the look of single images, each by an amount drawn up to the given one."""

    probability: Fraction  # that an image gets an effect, of each effect by itself
    hairs: tuple[HairCount, HairCount]  # fewest and most dark hairs drawn over an image
    saturation: Fraction  # distance from grey, relative
    hue: Annotated[float, Field(ge=0, le=180)]  # degrees about the axis of greys
    temperature: Annotated[float, Field(ge=0, le=0.9)]  # red up and blue down, or the reverse
    sharpness: Fraction  # more of the fine detail, or less
    noise: Annotated[float, Field(ge=0, le=128)]  # standard deviation, grey levels of 255
    erase: Annotated[float, Field(ge=0, le=0.9)]  # share of the area

    @model_validator(mode="after")
    def _hairs_are_a_range(self) -> EffectParams:
        if self.hairs[0] > self.hairs[1]:
            raise ValueError(f"effects.hairs: {self.hairs[0]} is more than {self.hairs[1]}")
        return self


class PolicyParams(Params):
    """Operations drawn at random for each image, all of one magnitude."""

    operations: Annotated[int, Field(ge=0, le=8)]  # an image, one after another; 0: none
    magnitude: Fraction  # of each operation's full strength
    among: Annotated[list[OperationName], Field(min_length=1)]


class ResizeStage(Params):
    """A first part of the training, on smaller images."""

    until: Annotated[float, Field(gt=0, le=1)]  # share of the training at which it ends
    # Below a half, whatever a lesion's structure was is gone at the usual sizes.
    scale: Annotated[float, Field(ge=0.5, le=1)]  # of both sides
