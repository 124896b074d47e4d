"""The description that a person reads first on a run's page: results, data, how to repeat it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from dermaflow.ml.evaluation.estimate import Scores, untested_classes
from dermaflow.ml.evaluation.estimate_text import (
    NOT_ESTIMABLE,
    WHY_NOT_ESTIMABLE,
    format_interval,
    format_value,
)
from dermaflow.schema import HEADLINES, RESULTS
from dermaflow.tracking.metric_names import read_scores
from dermaflow.tracking.pictures import KEPT_LOCAL

RAW = "md5.raw."  # tags of raw files, by their names
COMMIT = "mlflow.source.git.commit"  # a commit, or one of the following
NONE = "none"  # no repository, or no commit in it yet
UNKNOWN = "unknown"  # git does not say; also a value of the next
DIRTY = "git_dirty"  # whether code or configuration has changes that are in no commit


def describe_run(tags: Mapping[str, str], metrics: Mapping[str, float]) -> str:
    """Markdown from what the run holds.

    Args:
        tags: of the run; see ``Tracker``.
        metrics: of the run, by their names in MLflow.
    """
    facts = {
        "environment": f"`{tags.get('env', '?')}`",
        "data version": f"`{tags['data_version']}`" if "data_version" in tags else "",
        "raw data": ", ".join(_raw(tags)),
        "ran": tags.get("stages", ""),
        "unchanged": tags.get("unchanged", ""),
        "code": _code(tags),
        "not logged, as it shows patients": _paths(tags.get(KEPT_LOCAL, "")),
        "error": tags.get("error", ""),
    }
    lines = [f"- **{name}:** {value}" for name, value in facts.items() if value]
    tables = [line for part in RESULTS for line in _headline(read_scores(metrics, part), part)]
    return "\n".join([*tables, *lines, "", "```", tags.get("command", ""), "```"])


def headline_table(scores: Scores, part: str) -> str:
    """Markdown table of what is shown first of a part's scores; empty where none of it is there."""
    return "\n".join(_headline(scores, part))


def has_changes(tags: Mapping[str, str]) -> bool | None:
    """Whether a run's code had changes that are in no commit; None where the run does not know."""
    return {"true": True, "false": False}.get(tags.get(DIRTY, UNKNOWN))


def _paths(listed: str) -> str:
    return ", ".join(f"`{path}`" for path in listed.split(", ")) if listed else ""


def _raw(tags: Mapping[str, str]) -> list[str]:
    return [
        f"{name.removeprefix(RAW)} `{md5}`" for name, md5 in tags.items() if name.startswith(RAW)
    ]


def _headline(scores: Scores, part: str) -> list[str]:
    rows = [
        f"| {title} | {format_value(scores[name])} | {format_interval(scores[name])} |"
        for name, title in HEADLINES.items()
        if name in scores
    ]
    head = [f"| {RESULTS[part]} | value | interval |", "|---|---|---|"]
    return [*head, *rows, "", *_notes(scores)] if rows else []


def _notes(scores: Scores) -> Iterator[str]:
    if untested := untested_classes(scores):
        yield f"**No image of {', '.join(untested)}**: means are over the other classes.\n"
    if any(name in scores and scores[name].not_estimable for name in HEADLINES):
        yield f"**{NOT_ESTIMABLE.capitalize()}**: {WHY_NOT_ESTIMABLE}.\n"


def _code(tags: Mapping[str, str]) -> str:
    commit, changed = tags.get(COMMIT, NONE), has_changes(tags)
    if commit == NONE:
        return "in no commit" if changed else "no git checkout"
    if commit == UNKNOWN:
        return "unknown: git could not read the checkout"
    changes = {
        True: " with changes (`versions/uncommitted.patch`)",
        False: "",
        None: ", changes unknown: git could not read the checkout",
    }
    return f"`{commit[:10]}`{changes[changed]}"
