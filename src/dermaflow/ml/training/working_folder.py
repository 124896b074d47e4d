"""Where a stage keeps what it needs to go on after a crash."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class WorkingFolder:
    """Where a stage keeps what it needs to go on after a crash.

    Attributes:
        path: the folder; it need not exist.
        made_from: all that decides what the stage makes: only what was left by a run with the same
            may be used. Where the runner does not tell, as Kedro's own do not, it is of this run
            alone.
    """

    path: Path
    made_from: Mapping[str, Any]

    def decisive(self, without_effect: Mapping[str, Collection[str]]) -> dict[str, Any]:
        """``made_from`` less parameters that change nothing but how it is done.

        Args:
            without_effect: group of parameters -> names in it.
        """
        groups = dict(self.made_from.get("parameters", {}))
        for group, names in without_effect.items():
            groups[group] = {k: v for k, v in groups.get(group, {}).items() if k not in names}
        return {**self.made_from, "parameters": groups}
