"""Parameters of evaluate: operating points, calibration, sets, intervals and subgroups."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, model_validator

from dermaflow.params.base import ClassCode, OpenFraction, Params, PositiveInt, TargetShare

# Of an operating point: no other column of the served model's answer has such a name.
POINT_NAME = r"^(?!label$|p_|logit_|in_set_)[a-z][a-z0-9_]*\Z"


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


class SetParams(Params):
    """Conformal sets: what is asked of them."""

    coverage: OpenFraction  # share of the lesions of a class whose set is to hold it
    least: PositiveInt  # calibration lesions of a class for a threshold of its own


class EvaluateParams(Params):
    model_config = ConfigDict(regex_engine="python-re")  # the other engine has no look-ahead

    batch_size: PositiveInt
    views: Literal[1, 2, 4, 8]  # mirrored and turned copies, over which logits are averaged
    calibration: Literal["temperature", "prevalence"]  # the latter on top of the former
    logit_adjustment: Annotated[float, Field(ge=0, le=4)]  # tau, of the predicted class; 0: off
    # Name -> target; the names are columns of the served model's answer.
    operating_points: dict[
        Annotated[str, Field(pattern=POINT_NAME, max_length=64)], OperatingPointParams
    ]
    sets: SetParams
    subgroups: SubgroupParams
    bootstrap_samples: Annotated[int, Field(ge=0, le=100_000)]
    confidence: OpenFraction
    least_groups: PositiveInt  # behind a figure; with fewer it is shown as insufficient data
    calibration_bins: Annotated[int, Field(ge=2, le=100)]
