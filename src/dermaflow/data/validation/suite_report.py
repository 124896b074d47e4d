"""What came of suites, in words and for JSON."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from dermaflow.data.validation.suites import SuiteResult


def describe_failures(results: Iterable[SuiteResult], on_failure: str) -> list[str]:
    """A line for each expectation that is not met and has this consequence."""
    return [
        f"suite {result.name}: {outcome.params.reason}; {outcome.params.expectation} on "
        f"{outcome.column or 'the table'} with {outcome.params.kwargs} observed {outcome.observed} "
        "(parameters_validate.yml)"
        for result in results
        for outcome in result.failures(on_failure)
    ]


def describe_result(result: SuiteResult) -> dict[str, Any]:
    """Every expectation of a suite as conf has it, and what was found."""
    expectations = [
        {
            **outcome.params.model_dump(),
            "column": outcome.column,
            "success": outcome.success,
            "checked": outcome.checked,
            "unexpected": len(outcome.rows),
            "unexpected_share": len(outcome.rows) / max(outcome.checked, 1),
            "observed": outcome.observed,
        }
        for outcome in result.outcomes
    ]
    return {"success": result.success, "expectations": expectations}


def summarise(reasons: dict[str, int]) -> str:
    """Counts on one line, such as ``image cannot be read: 4``."""
    return ", ".join(f"{reason}: {count}" for reason, count in reasons.items()) or "nothing"
