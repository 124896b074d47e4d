"""Parameters of ``kedro promote``: what a version of the model must reach."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from dermaflow.params.base import Fraction, Params

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

    alias: Annotated[str, Field(pattern=r"^(?!latest$|v\d+$)[a-z][a-z0-9_\-]*\Z")]  # MLflow's rules
    judged_by: Literal["value", "lower_bound"]  # the figure itself, or its interval's lower end
    floors: FloorParams
    require: RequirementParams
