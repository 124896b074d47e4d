"""Parameters of the search for a recipe."""

from __future__ import annotations

import math
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, model_validator

from dermaflow.params.base import Params, PositiveInt


class Range(Params):
    """A number between two, drawn evenly, or evenly in its logarithm."""

    low: float
    high: float
    log: bool = False

    @model_validator(mode="after")
    def _is_a_range(self) -> Range:
        if not self.low < self.high:
            raise ValueError(f"low ({self.low:g}) must be below high ({self.high:g})")
        if self.log and self.low <= 0:
            raise ValueError("low: must be above 0 where `log` is on")
        return self

    @property
    def examples(self) -> list[Any]:
        """Values that must all be valid: the ends, and one between them that is no whole number."""
        return [self.low, self.low + (self.high - self.low) / math.e, self.high]

    def holds(self, value: Any) -> bool:
        """Whether a value may be drawn."""
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        return number and self.low <= value <= self.high


class Choices(Params):
    """One of some values, of any kind that the parameter may have."""

    choices: Annotated[list[Any], Field(min_length=2)]

    @property
    def examples(self) -> list[Any]:
        """Values that must all be valid."""
        return self.choices

    def holds(self, value: Any) -> bool:
        """Whether a value may be drawn."""
        return value in self.choices


def _without_nulls(value: object) -> object:
    return {k: v for k, v in value.items() if v is not None} if isinstance(value, dict) else value


Space = Annotated[dict[str, Range | Choices], Field(min_length=1), BeforeValidator(_without_nulls)]


class SearchParams(Params):
    """What is tried, and how soon it is given up."""

    # More may be tried after those that are done.
    WITHOUT_EFFECT: ClassVar = ("trials",)

    trials: PositiveInt
    metric: Literal["val_balanced_accuracy", "val_accuracy", "val_loss"]
    min_epochs: PositiveInt  # before a trial is first compared
    reduction: Annotated[int, Field(ge=2)]  # one in so many goes on, and that many times as long
    random: PositiveInt  # trials before what was found guides the next
    space: Space  # dotted key of train -> what it may be; null takes one out of an environment

    @property
    def maximise(self) -> bool:
        """Whether more of the metric is better."""
        return self.metric != "val_loss"
