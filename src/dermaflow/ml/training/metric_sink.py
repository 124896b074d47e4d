"""Where a training loop sends its figures, so that it need not know who keeps them."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol


class MetricSink(Protocol):
    """Receives named figures as they come."""

    def log(self, metrics: Mapping[str, float], step: int) -> None:
        """Keep ``metrics`` under ``step``, an integer that grows over the run."""
        ...

    def tag(self, tags: Mapping[str, str]) -> None:
        """Keep ``tags``, over those of the same name."""
        ...

    def part(
        self, name: str, parameters: Mapping[str, Any], tags: Mapping[str, str]
    ) -> AbstractContextManager[MetricSink]:
        """A sink for a part of the work, which stands below it under a name of its own.

        One that was left off goes on where the name is used again.

        Args:
            name: of the part.
            parameters: nested; see ``dermaflow.tracking.tracked_run.flatten``.
            tags: of the part.
        """
        ...


class NullSink:
    """Keeps nothing: for code that runs outside a tracked run."""

    def log(self, metrics: Mapping[str, float], step: int) -> None:
        """Do nothing."""

    def tag(self, tags: Mapping[str, str]) -> None:
        """Do nothing."""

    def part(
        self, name: str, parameters: Mapping[str, Any], tags: Mapping[str, str]
    ) -> AbstractContextManager[MetricSink]:
        """Another that keeps nothing."""
        return nullcontext(self)
