"""When a model says that it does not know, and why.

Evaluation and the served model both come through here, so that they never differ.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dermaflow.errors import WeightsError

# Reasons, in the order in which they are looked for.
BLANK, BLURRED, NOISE, NOT_SKIN = (
    f"unreadable: {what}" for what in ("blank", "blurred", "noise", "not skin")
)
OUT_OF_DISTRIBUTION, UNCERTAIN = "out of distribution", "uncertain"
REASONS = (BLANK, BLURRED, NOISE, NOT_SKIN, OUT_OF_DISTRIBUTION, UNCERTAIN)

# What an image is judged by: its distance to the training classes in the network's features, its
# largest probability, and what its pixels show (see `measure_pictures`).
PICTURE_MEASURES = ("contrast", "sharpness", "redness", "yellowness")
DISTANCE, CONFIDENCE = "distance", "confidence"
OBSERVED = (*PICTURE_MEASURES, DISTANCE)

# Columns that abstention adds to an answer.
ABSTAIN_COLUMN, REASON_COLUMN = "abstain", "reason"


@dataclass(frozen=True)
class Check:
    """An image passes where its measure is neither below ``low`` nor above ``high``.

    Attributes:
        reason: of ``REASONS``, why an image that does not pass is not answered for.
        measure: of ``OBSERVED``, or ``CONFIDENCE``.
        low: None for no limit.
        high: None for no limit.
    """

    reason: str
    measure: str
    low: float | None = None
    high: float | None = None

    def passes(self, values: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Bool (N,), of values (N,); NaN does not pass."""
        low = -np.inf if self.low is None else self.low
        high = np.inf if self.high is None else self.high
        return (values >= low) & (values <= high)


@dataclass(frozen=True)
class Abstention:
    """Checks that an image must pass to be answered for.

    Attributes:
        checks: in the order of their reasons.
        feature_space: digest of the space that distances are measured in; None where no check
            asks for one.
    """

    checks: tuple[Check, ...]
    feature_space: str | None = None

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Abstention:
        """From ``abstention`` of the decision rule.

        Raises:
            WeightsError: a key is missing, or its value is none that evaluate writes.
        """
        try:
            checks = tuple(
                Check(**{key: check[key] for key in ("reason", "measure", "low", "high")})
                for check in values["checks"]
            )
            space = values["feature_space"]
            sound = all(map(_is_sound, checks)) and isinstance(space, str | None)
        except (KeyError, TypeError) as error:
            raise WeightsError(f"the decision rule's abstention is damaged: {error!r}") from error
        if not sound or (space is None) == any(check.measure == DISTANCE for check in checks):
            raise WeightsError(
                "the decision rule's abstention is damaged: a check has no limits, or one of an "
                "unknown reason or measure, or the feature space is not that of the checks"
            )
        return cls(checks, space)

    def answer(
        self, probabilities: NDArray[np.float32], observed: Mapping[str, NDArray[Any]]
    ) -> pd.DataFrame:
        """Whether to abstain (``ABSTAIN_COLUMN``), and the first reason (``REASON_COLUMN``).

        Args:
            probabilities: (N, C), calibrated.
            observed: measure -> (N,), at least those that the checks ask for but the confidence.

        Raises:
            WeightsError: a measure is missing.
        """
        values = {**observed, CONFIDENCE: probabilities.max(1)}
        reasons = np.full(len(probabilities), "", dtype=object)
        for check in self.checks:
            if check.measure not in values:
                raise WeightsError(
                    f"the decision rule abstains by {check.measure}, which was not measured; "
                    "run the evaluate stage again"
                )
            passed = check.passes(np.asarray(values[check.measure], np.float64))
            reasons[~passed & (reasons == "")] = check.reason
        return pd.DataFrame({ABSTAIN_COLUMN: reasons != "", REASON_COLUMN: reasons})


def _is_sound(check: Check) -> bool:
    limits = [limit for limit in (check.low, check.high) if limit is not None]
    known = check.reason in REASONS and check.measure in (*OBSERVED, CONFIDENCE)
    return known and bool(limits) and all(map(_is_number, limits))


def _is_number(limit: object) -> bool:
    return isinstance(limit, float | int) and not isinstance(limit, bool) and math.isfinite(limit)
