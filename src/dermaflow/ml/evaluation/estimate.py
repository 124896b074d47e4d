"""A metric with what it takes to judge it: its interval, and how many groups it is of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, TypeAlias

JsonEstimate: TypeAlias = float | dict[str, Any]  # see ``Estimate.to_json``
JsonParts: TypeAlias = dict[str, dict[str, JsonEstimate]]  # part -> metric -> estimate


@dataclass(frozen=True)
class Estimate:
    """A value, the ends of its interval, and the groups behind it.

    Attributes:
        value: of the metric.
        low: lower end of the interval; None where there is no interval.
        high: upper end; None where there is no interval.
        groups: lesions (patients where they are known) that the value is estimated from, see
            ``images_behind``; None where nothing is estimated, as of a count.
        groups_needed: how many ``evaluate.least_groups`` asks for, where there are fewer; None
            where there are enough.
        not_estimable: whether an interval was asked for and could not be had, as of an AUC of 1:
            it is 1 in each resample, too, which tells nothing of how sure it is.
    """

    value: float
    low: float | None = None
    high: float | None = None
    groups: int | None = None
    groups_needed: int | None = None
    not_estimable: bool = False

    @property
    def interval(self) -> tuple[float, float] | None:
        """Both ends, or None."""
        return None if self.low is None or self.high is None else (self.low, self.high)

    @property
    def insufficient(self) -> bool:
        """Whether too few groups are behind the value for it to be shown."""
        return self.groups_needed is not None

    @property
    def excludes_zero(self) -> bool:
        """Whether there is sufficient data, and an interval that 0 is not in."""
        if self.interval is None or self.insufficient:
            return False
        return self.interval[0] > 0 or self.interval[1] < 0

    def require_groups(self, least: int) -> Estimate:
        """The same, said to be insufficient where there are fewer than ``least`` groups."""
        enough = self.groups is None or self.groups >= least
        return replace(self, groups_needed=None if enough else least)

    def to_json(self) -> JsonEstimate:
        """An object of what is known; a bare number where that is the value alone."""
        known = {
            key: value
            for key, value in asdict(self).items()
            if value is not None and value is not False
        }
        return self.value if known.keys() == {"value"} else known

    @classmethod
    def from_json(cls, content: JsonEstimate) -> Estimate:
        """Undo ``to_json``. Raises TypeError for an object that it did not write."""
        return cls(**content) if isinstance(content, dict) else cls(content)


Scores: TypeAlias = Mapping[str, Estimate]  # by metric, such as ``accuracy`` or ``mel/recall``


def untested_classes(scores: Scores) -> list[str]:
    """Classes of which there is no image, which the means over classes therefore leave out."""
    ending = "/support"
    return [
        name.removesuffix(ending)
        for name, estimate in scores.items()
        if name.endswith(ending) and estimate.value == 0
    ]


def parts_to_json(parts: Mapping[str, Scores]) -> JsonParts:
    """Scores of each part of the data (``test``, ``external/<source>``, …), JSON-ready."""
    return {
        part: {metric: estimate.to_json() for metric, estimate in scores.items()}
        for part, scores in parts.items()
    }


def parts_from_json(content: JsonParts) -> dict[str, dict[str, Estimate]]:
    """Undo ``parts_to_json``."""
    return {
        part: {metric: Estimate.from_json(estimate) for metric, estimate in scores.items()}
        for part, scores in content.items()
    }
