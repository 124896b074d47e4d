"""Parameters of train: the recipe of a training."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from dermaflow.params.base import Fraction, Params, PositiveFloat, PositiveInt
from dermaflow.params.dotted_keys import nest

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


class BackboneParams(Params):
    """Where ResNet-50's first weights come from, and what of them stays frozen."""

    weights: Literal["scratch", "torchvision", "file"]
    name: Literal["IMAGENET1K_V1", "IMAGENET1K_V2"]  # torchvision's; used with `torchvision`
    path: str | None = None  # .safetensors file with torchvision's key names; used with `file`
    stride: Literal["torchvision", "caffe"]  # bottleneck's strided convolution: 3x3 or first 1x1
    frozen: list[Literal["stem", "layer1", "layer2", "layer3", "layer4"]]
    batch_norm: Literal["train", "frozen"]  # frozen: statistics, scale and shift stay as loaded

    @model_validator(mode="after")
    def _frozen_statistics_are_loaded(self) -> BackboneParams:
        if self.batch_norm == "frozen" and self.weights == "scratch":
            raise ValueError("backbone.batch_norm is 'frozen', but weights 'scratch' have none yet")
        return self

    @model_validator(mode="after")
    def _file_needs_path(self) -> BackboneParams:
        if self.weights == "file" and not self.path:
            raise ValueError("backbone.weights is 'file' but backbone.path is not set")
        if self.weights == "file" and not Path(str(self.path)).is_file():
            raise ValueError(f"backbone.path: there is no file {self.path}")
        return self


class BatchAugmentParams(Params):
    """Random changes made to each training batch, on the device."""

    flip: bool  # both axes
    rotate: bool  # quarter turns (square images) or half turns, then a free angle
    max_degrees: Annotated[float, Field(ge=0, le=180)]
    zoom: Annotated[float, Field(ge=0, le=0.9)]  # scale drawn from 1-zoom … 1+zoom
    shift: Annotated[float, Field(ge=0, le=0.5)]  # share of the side
    brightness: Annotated[float, Field(ge=0, le=0.9)]
    contrast: Annotated[float, Field(ge=0, le=0.9)]
    colour: Annotated[float, Field(ge=0, le=0.9)]  # gain a channel
    effects: EffectParams | None = None
    policy: PolicyParams | None = None


class TrainParams(Params):
    # A training may be resumed with other values of these.
    WITHOUT_EFFECT: ClassVar = (
        "checkpoint_seconds",
        "log_every",
        "processes",
        "timeout_seconds",
        "workers",
    )

    backbone: BackboneParams
    epochs: PositiveInt
    batch_size: Annotated[int, Field(ge=2, le=4096)]
    learning_rate: PositiveFloat  # of the head; the backbone's is times `backbone_factor`
    backbone_factor: PositiveFloat
    layer_decay: Annotated[float, Field(gt=0, le=1)]  # factor of the rate from part to part
    weight_decay: Annotated[float, Field(ge=0)]
    warmup_epochs: Annotated[float, Field(ge=0)]
    ema_decay: Annotated[float, Field(ge=0, lt=1)]
    loss: LossParams
    balance: Annotated[float, Field(ge=0, le=1)]  # sampling: 0 as the data, 1 every class alike
    patience: PositiveInt  # epochs without a better validation balanced accuracy
    resize: list[ResizeStage]  # in order of their ends
    colour_constancy: Annotated[float, Field(ge=1, le=20)] | None = None  # Minkowski norm
    augmentation: BatchAugmentParams
    mix: MixParams
    precision: Literal["auto", "bf16", "fp32"]
    compile: bool  # the network, by torch.compile
    workers: Annotated[int, Field(ge=0, le=64)]
    log_every: PositiveInt  # steps between two logged losses
    checkpoint_seconds: Annotated[float, Field(ge=0)]  # between two checkpoints; 0: every update
    processes: Annotated[int, Field(ge=1, le=64)]  # that train together, on all nodes
    timeout_seconds: PositiveFloat  # that one of them waits for the others

    @model_validator(mode="after")
    def _batches_can_be_shared(self) -> TrainParams:
        if self.batch_size % self.processes:
            raise ValueError(
                f"batch_size {self.batch_size} cannot be shared by {self.processes} processes"
            )
        return self

    @model_validator(mode="after")
    def _compiled_alone(self) -> TrainParams:
        if self.compile and self.processes > 1:
            raise ValueError("compile: several processes train the network as it is; set false")
        return self

    @model_validator(mode="after")
    def _resize_stages_follow_each_other(self) -> TrainParams:
        ends = [stage.until for stage in self.resize]
        if ends != sorted(set(ends)):
            raise ValueError(f"resize: each stage must end later than the one before, not {ends}")
        return self

    def raw_paths(self) -> list[Path]:
        """The file of the backbone's first weights, if they come from one."""
        named = self.backbone.path if self.backbone.weights == "file" else None
        return [Path(named)] if named else []

    def value(self, key: str) -> Any:
        """What stands under a dotted key, as JSON has it. Raises KeyError where there is none."""
        value: Any = self.model_dump(mode="json")
        for name in key.split("."):
            if not isinstance(value, dict) or name not in value:
                raise KeyError(key)
            value = value[name]
        return value

    def with_values(self, values: Mapping[str, Any]) -> TrainParams:
        """The same with other values under dotted keys that are there.

        Raises:
            KeyError: a key is not there.
            pydantic.ValidationError: a value is not allowed.
        """
        for key in values:
            self.value(key)
        return TrainParams.model_validate(nest(values, self.model_dump(mode="json")))
