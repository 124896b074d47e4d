"""Typed parameters: one model a pipeline stage, mirroring ``conf/base/parameters_<stage>.yml``.

Values live in ``conf/`` alone, so the models set types and ranges but no defaults, except ``None``
where a key is optional. Unknown keys are refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import ConfigDict, Field, ValidationError, model_validator

from dermaflow.params.base import (
    ClassCode,
    Fraction,
    OpenFraction,
    Params,
    PositiveFloat,
    PositiveInt,
    Strings,
    TargetShare,
)
from dermaflow.params.crossval import CrossvalParams
from dermaflow.params.labels import LabelParams
from dermaflow.params.recipe import (
    EffectParams,
    LossParams,
    MixParams,
    PolicyParams,
    ResizeStage,
)
from dermaflow.params.search import SearchParams
from dermaflow.params.sources import AnySource

# --- ingest ---------------------------------------------------------------------------------------


class ImageParams(Params):
    """Size of the stored images, and the caps a file must respect to be decoded."""

    height: Annotated[int, Field(ge=32, le=1024)]  # pixels
    width: Annotated[int, Field(ge=32, le=1024)]  # pixels
    max_bytes: PositiveInt  # of the encoded file
    max_pixels: PositiveInt  # of the decoded image


class IngestParams(Params):
    """Where images come from, and what for."""

    train: Annotated[Strings, Field(min_length=1)]  # sources that are split: train, val and test
    external: Strings  # sources on which the model is only tested
    sources: dict[Annotated[str, Field(pattern=r"^[a-z0-9_]+$")], AnySource]
    shard_images: Annotated[int, Field(ge=16, le=65_536)]  # images a shard file

    @property
    def roles(self) -> dict[str, str]:
        """Role of each source in use, in order."""
        return dict.fromkeys(self.train, "train") | dict.fromkeys(self.external, "external")

    @model_validator(mode="after")
    def _sources_are_described(self) -> IngestParams:
        for name in (*self.train, *self.external):
            if name not in self.sources:
                known = ", ".join(self.sources)
                raise ValueError(f"there is no source '{name}' in ingest.sources ({known})")
        twice = sorted(set(self.train) & set(self.external))
        if twice:
            raise ValueError(f"'{twice[0]}' is named under both train and external")
        return self


# --- validate -------------------------------------------------------------------------------------


class ExpectationParams(Params):
    """One Great Expectations expectation, and what happens to what breaks it."""

    expectation: Annotated[str, Field(pattern=r"^expect_[a-z_]+$")]
    kwargs: dict[str, Any]
    on_failure: Literal["quarantine", "warn", "stop"]  # the rows; nothing; the whole run
    reason: str  # shown in the quarantine table or in the error


class SplitParams(Params):
    """Shares of images; groups (lesions, patients) are never divided."""

    val: OpenFraction
    test: OpenFraction
    folds: Annotated[int, Field(ge=2, le=20)]
    keep: str | None = None  # an earlier manifest, whose images stay on their sides

    @model_validator(mode="after")
    def _leaves_training_rows(self) -> SplitParams:
        if self.val + self.test >= 1:
            raise ValueError("val + test must leave something to train on (be below 1)")
        return self

    @model_validator(mode="after")
    def _kept_manifest_is_there(self) -> SplitParams:
        if self.keep and not Path(self.keep).expanduser().is_file():
            raise ValueError(f"split.keep: there is no file {self.keep}")
        return self


class DriftParams(Params):
    """How batches of images are compared with those trained on."""

    reference: str | None = None  # reference_profile.json of an earlier run; None: no comparison
    sample: Annotated[int, Field(ge=20, le=1000)]  # images of which a profile keeps embeddings
    # Deals that tell what chance does; of fewer no p-value is small enough once it is adjusted.
    permutations: Annotated[int, Field(ge=499, le=10_000)]

    @model_validator(mode="after")
    def _reference_is_there(self) -> DriftParams:
        if self.reference and not Path(self.reference).expanduser().is_file():
            raise ValueError(f"drift.reference: there is no file {self.reference}")
        return self


class ValidateParams(Params):
    expectations: dict[str, list[ExpectationParams]]  # suite name -> expectations
    decisions: str | None = None  # CSV by which people overrule the finder of duplicates
    drift: DriftParams
    split: SplitParams


# --- duplicates, which validate, augment and crossval_train look for ------------------------------


class DuplicateParams(Params):
    """How pictures of one lesion under several ids are found."""

    keypoints: Annotated[int, Field(ge=50, le=2000)]  # features of a picture
    words: Annotated[int, Field(ge=16, le=4096)]  # typical features that describe all pictures
    candidates: Annotated[int, Field(ge=0, le=200)]  # looked at closely of each; 0: find none
    agreeing: Annotated[int, Field(ge=4)]  # features that must lie where they should, at least
    chance_pairs: PositiveFloat  # pairs of different lesions to be expected by chance


# --- augment --------------------------------------------------------------------------------------


class DcganParams(Params):
    """The DCGAN that is fitted for each minority class."""

    pixels: Literal[32, 64]  # side of the generated square; resized to the store's shape
    latent: PositiveInt  # length of the noise vector
    width: Annotated[int, Field(ge=8, le=512)]  # channels of the widest-resolution layer
    steps: PositiveInt  # generator updates a class
    batch_size: Annotated[int, Field(ge=4, le=1024)]
    learning_rate: PositiveFloat
    beta1: Fraction  # Adam's first moment
    ema_decay: Fraction
    r1_penalty: Annotated[float, Field(ge=0)]  # weight of the gradient penalty on real images
    r1_every: PositiveInt  # steps between two such penalties
    grid_every: PositiveInt  # steps between two rows of the progress grid
    log_every: PositiveInt  # steps between two logged losses


class AugmentParams(Params):
    strategy: Literal["dcgan", "none"]
    target_count: PositiveInt  # training images a class, real and synthetic together
    min_real: Annotated[int, Field(ge=4)]  # classes with fewer real training images get no GAN
    dcgan: DcganParams


# --- train ----------------------------------------------------------------------------------------


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
    processes: Annotated[int, Field(ge=1, le=64)]  # that train together on this machine
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
        tree = self.model_dump(mode="json")
        for key, value in values.items():
            self.value(key)
            *groups, last = key.split(".")
            branch = tree
            for name in groups:
                branch = branch[name]
            branch[last] = value
        return TrainParams.model_validate(tree)


# --- evaluate, explain, register, promote ---------------------------------------------------------


class OperatingPointParams(Params):
    """What the threshold of a class must reach on validation: one of the two."""

    class_: ClassCode = Field(alias="class")
    recall: TargetShare | None = None  # the highest threshold that finds so many of the class
    specificity: TargetShare | None = None  # the lowest one that leaves so many others alone

    @model_validator(mode="after")
    def _asks_for_one_thing(self) -> OperatingPointParams:
        if (self.recall is None) == (self.specificity is None):
            raise ValueError("an operating point asks for recall or for specificity, one of them")
        return self


class SubgroupParams(Params):
    """By what of the manifest figures are told apart."""

    least: PositiveInt  # groups of each class that a figure is of
    # Column -> none, for its values as they are; or edges, in order, that divide its numbers.
    by: dict[str, list[float]]

    @model_validator(mode="after")
    def _edges_rise(self) -> SubgroupParams:
        for column, edges in self.by.items():
            if edges != sorted(set(edges)):
                raise ValueError(f"subgroups.by.{column}: edges must rise, not {edges}")
        return self


class EvaluateParams(Params):
    model_config = ConfigDict(regex_engine="python-re")  # the other engine has no look-ahead

    batch_size: PositiveInt
    views: Literal[1, 2, 4, 8]  # mirrored and turned copies, over which logits are averaged
    calibration: Literal["temperature", "prevalence"]  # the latter on top of the former
    logit_adjustment: Annotated[float, Field(ge=0, le=4)]  # tau, of the predicted class; 0: off
    # Name -> target. Names are columns of the served model's answer, beside label and p_<class>.
    operating_points: dict[
        Annotated[str, Field(pattern=r"^(?!label$|p_|logit_)[a-z][a-z0-9_]*$", max_length=64)],
        OperatingPointParams,
    ]
    subgroups: SubgroupParams
    bootstrap_samples: Annotated[int, Field(ge=0, le=100_000)]
    confidence: OpenFraction
    calibration_bins: Annotated[int, Field(ge=2, le=100)]


class LimeParams(Params):
    samples: PositiveInt  # perturbed images a picture
    segments: Annotated[int, Field(ge=4, le=1000)]  # superpixels (SLIC)
    compactness: PositiveFloat


class ShapParams(Params):
    evaluations: PositiveInt  # model evaluations a picture (Partition explainer)


class ExplainParams(Params):
    per_class: PositiveInt  # right and wrong predictions shown of each class, each
    batch_size: PositiveInt
    blur: Annotated[float, Field(gt=0, le=1)]  # side of the hiding box / shorter side
    lime: LimeParams
    shap: ShapParams


class RegisterParams(Params):
    name: Annotated[str, Field(pattern=r"^[\w\-. ]+$")]  # registered model name
    intended_use: str
    limitations: str


PointMeasure = Literal["recall", "specificity", "precision"]


class FloorParams(Params):
    """What a version's test figures must reach."""

    balanced_accuracy: Fraction
    macro_auc: Fraction
    melanoma_recall: Fraction | None  # None where the classes have no `mel`
    # Operating point -> measure -> floor, at the threshold that validation chose.
    operating_points: dict[str, dict[PointMeasure, Fraction]] | None = None


class RequirementParams(Params):
    """What else must be known to hold, where true."""

    no_group_crosses_splits: bool
    validation_passed: bool
    same_environment: bool


class PromoteParams(Params):
    model_config = ConfigDict(regex_engine="python-re")  # the other engine has no look-ahead

    alias: Annotated[str, Field(pattern=r"^(?!latest$|v\d+$)[a-z][a-z0-9_\-]*$")]  # MLflow's rules
    judged_by: Literal["value", "lower_bound"]  # the figure itself, or its interval's lower end
    floors: FloorParams
    require: RequirementParams


class Parameters(Params):
    """Everything under ``parameters`` in ``conf/``; its leaves are what MLflow logs."""

    seed: Annotated[int, Field(ge=0, lt=2**31)]
    labels: LabelParams
    image: ImageParams
    ingest: IngestParams
    duplicates: DuplicateParams
    validate_: ValidateParams = Field(alias="validate")
    augment: AugmentParams
    train: TrainParams
    evaluate: EvaluateParams
    explain: ExplainParams
    crossval: CrossvalParams
    search: SearchParams
    register_: RegisterParams = Field(alias="register")
    promote: PromoteParams

    @model_validator(mode="after")
    def _parts_agree(self) -> Parameters:
        """Raise ValueError with a text that begins with the key at fault."""
        height, width = self.image.height, self.image.width
        views = {"evaluate": self.evaluate.views, "crossval": self.crossval.views}
        for name, number in views.items():
            if number == 8 and height != width:
                raise ValueError(
                    f"{name}.views: 8 views are quarter turns, too, and need square images, but "
                    f"image is {height} x {width} pixels; take 4"
                )
        folds = self.validate_.split.folds
        if self.crossval.val + 1 / folds >= 1:
            raise ValueError(
                f"crossval.val: with {folds} folds (validate.split.folds) it must leave something "
                f"to train on (be below {1 - 1 / folds:g})"
            )
        beyond = [number for number in self.crossval.folds if number > folds]
        if beyond:
            raise ValueError(
                f"crossval.folds: there is no fold {beyond[0]}, but {folds} (validate.split.folds)"
            )
        for key, space in self.search.space.items():
            for value in space.ends:
                _require_valid(self.train, key, value)
        known = {code for scheme in self.labels.schemes.values() for code in scheme}
        for name, point in self.evaluate.operating_points.items():
            key = f"evaluate.operating_points.{name}"
            if name in known:
                raise ValueError(f"{key}: a class has that name, and metrics of its own under it")
            if point.class_ not in known:
                raise ValueError(
                    f"{key}.class: no label scheme has a class '{point.class_}' "
                    f"({', '.join(sorted(known))})"
                )
        return self


def _require_valid(train: TrainParams, key: str, value: Any) -> None:
    """Raise ValueError if the search could not give a key of train a value."""
    try:
        train.with_values({key: value})
    except KeyError as error:
        raise ValueError(f"search.space: train has no key '{key}'") from error
    except ValidationError as error:
        why = error.errors()[0]["msg"]
        raise ValueError(f"search.space: {key} may not be {value!r}: {why}") from error
