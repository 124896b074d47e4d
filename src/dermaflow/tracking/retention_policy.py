"""``conf/<env>/retention.yml``, typed."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from dermaflow.params.base import Params

Count = Annotated[int, Field(ge=0)]
Days = Annotated[float, Field(ge=0)]


class RunRetention(Params):
    """Which runs stay: one is enough.

    Attributes:
        newest: of those that ended in the same way, in the same environment.
        days: since their end.
    """

    newest: Count
    days: Days


class RunsRetention(Params):
    """Which runs stay, by how they ended."""

    finished: RunRetention
    failed: RunRetention
    killed: RunRetention


class Retention(Params):
    """What `kedro prune` keeps.

    Attributes:
        runs: of MLflow.
        unfinished_days: since a training's last checkpoint.
        cache_days: since an object of DVC's cache was written; None keeps all of them.
    """

    runs: RunsRetention
    unfinished_days: Days
    cache_days: Days | None
