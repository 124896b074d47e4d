"""The description that a person reads first on a run's page: results, data, how to repeat it."""

from __future__ import annotations

from collections.abc import Mapping

from dermaflow.schema import HEADLINES, RESULTS

RAW = "md5.raw."  # tags of raw files, by their names


def describe_run(tags: Mapping[str, str], metrics: Mapping[str, float]) -> str:
    """Markdown from what the run holds.

    Args:
        tags: of the run; see ``Tracker``.
        metrics: of the run, those of RESULTS with ``_low`` and ``_high``.
    """
    facts = {
        "environment": f"`{tags.get('env', '?')}`",
        "data version": f"`{tags['data_version']}`" if "data_version" in tags else "",
        "raw data": ", ".join(_raw(tags)),
        "ran": tags.get("stages", ""),
        "unchanged": tags.get("unchanged", ""),
        "code": _code(tags),
        "error": tags.get("error", ""),
    }
    lines = [f"- **{name}:** {value}" for name, value in facts.items() if value]
    tables = [line for prefix in RESULTS for line in _headline(metrics, prefix)]
    return "\n".join([*tables, *lines, "", "```", tags.get("command", ""), "```"])


def _raw(tags: Mapping[str, str]) -> list[str]:
    return [
        f"{name.removeprefix(RAW)} `{md5}`" for name, md5 in tags.items() if name.startswith(RAW)
    ]


def _headline(metrics: Mapping[str, float], prefix: str) -> list[str]:
    names = {f"{prefix}{name}": title for name, title in HEADLINES.items()}
    rows = [
        f"| {title} | {metrics[name]:.3f} | {_interval(metrics, name)} |"
        for name, title in names.items()
        if name in metrics
    ]
    head = [f"| {RESULTS[prefix]} | value | interval |", "|---|---|---|"]
    return [*head, *rows, ""] if rows else []


def _interval(metrics: Mapping[str, float], name: str) -> str:
    low, high = metrics.get(f"{name}_low"), metrics.get(f"{name}_high")
    return f"{low:.3f} – {high:.3f}" if low is not None and high is not None else ""


def _code(tags: Mapping[str, str]) -> str:
    commit = tags.get("mlflow.source.git.commit", "none")
    if commit == "none":
        return "no git checkout"
    changed = (
        " with changes (`versions/uncommitted.patch`)" if tags.get("git_dirty") == "true" else ""
    )
    return f"`{commit[:10]}`{changed}"
