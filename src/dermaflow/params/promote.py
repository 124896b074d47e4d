"""Parameters of ``kedro promote``: what a version of the model must reach."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from dermaflow.params.base import Fraction, OpenFraction, Params

Lesions = Annotated[int, Field(ge=0)]
BelowLeast = Literal["refuse", "mark"]
Margin = Annotated[float, Field(gt=0, le=1)]

# Names of checks that are no gate of conf's, and beginnings of them.
RESERVED = (
    "calibration",
    "coverage_in_band",
    "data_version",
    "intervals",
    "no_group_crosses_splits",
    "same_environment",
    "validation_passed",
)
RESERVED_BEGINNINGS = ("external_", "holder_", "first_champion_")


class GateParams(Params):
    """A figure that a version must reach.

    Attributes:
        metric: of a part of the data, such as ``test/mel/recall``.
        direction: on which side of the bound the figure must be.
        bound: that it must reach; reaching it exactly is enough.
        judged_by: the figure itself, or the end of its interval that speaks against the version:
            the lower one for ``>=``, the upper one for ``<=``.
        least: lesions that the figure must be of; of a mean over classes, those of the smallest.
        below_least: whether a figure of fewer lesions, or one whose interval cannot be estimated,
            refuses the version. With ``mark`` it is judged, and the check says how few they are.
    """

    metric: str
    direction: Literal[">=", "<="]
    bound: float
    judged_by: Literal["value", "unfavourable_end"]
    least: Lesions
    below_least: BelowLeast


class CalibrationParams(Params):
    """How large the calibration error (ECE) may be.

    Attributes:
        part: of the data, such as ``test``.
        quantile: of the error's own distribution, that is of models whose stated probabilities are
            right, up to which it passes.
        tolerated: error up to which it passes in any case, in [0, 1]. With thousands of images
            every model is told from a perfectly calibrated one.
        draws: of labels, from which the distribution is made.
        least: lesions of the part.
        below_least: as of ``GateParams``.
    """

    part: str
    quantile: OpenFraction
    tolerated: Fraction
    draws: Annotated[int, Field(ge=100, le=100_000)]
    least: Lesions
    below_least: BelowLeast


class AgainstParams(Params):
    """How much worse than another version a version may be, on the same test lesions.

    Attributes:
        holder: metric -> margin, against the version that has the alias. The lower end of the
            paired difference must be above minus the margin.
        first_champion: the same against the first version that ever was champion, so that small
            losses do not add up.
        reported: metrics whose difference is shown and decides nothing.
        least: lesions of each class that both are compared on.
    """

    holder: dict[str, Margin | None]
    first_champion: dict[str, Margin | None]
    reported: list[str]
    least: Lesions


class RequirementParams(Params):
    """What else must be known to hold, where true.

    Attributes:
        no_group_crosses_splits: no lesion or patient is on two sides of the split.
        validation_passed: every expectation that should have stopped the run was met.
        same_environment: the version was made in the environment whose conf judges it.
        coverage_in_band: conformal sets hold the true class as often as they were made to. Where
            their calibration images had chosen the epoch that is shown, and decides nothing.
    """

    no_group_crosses_splits: bool
    validation_passed: bool
    same_environment: bool
    coverage_in_band: bool


GateName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=64)]


class PromoteParams(Params):
    """What ``kedro promote`` asks. A gate or margin that is null is not asked.

    Attributes:
        gates: by name.
        external: the same, asked of each external source that the version was tested on; their
            metrics are without a part, such as ``macro_auc``.
        calibration: None where it is not asked.
        against: other versions.
        require: what must be known to hold.
    """

    gates: dict[GateName, GateParams | None]
    external: dict[GateName, GateParams | None]
    calibration: CalibrationParams | None
    against: AgainstParams
    require: RequirementParams

    @model_validator(mode="after")
    def _names_are_free(self) -> PromoteParams:
        for name in self.gates:
            if name in RESERVED or name.startswith(RESERVED_BEGINNINGS):
                raise ValueError(f"gates.{name}: another check has that name; choose another one")
        return self
