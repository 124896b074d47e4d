"""A comparison in words and aligned columns, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from dermaflow.ml.evaluation.estimate import Estimate
from dermaflow.ml.evaluation.estimate_text import NOT_ESTIMABLE, WHY_NOT_ESTIMABLE, format_estimate
from dermaflow.reporting.comparison.content import ComparedRun, Comparison, Difference, count
from dermaflow.reporting.text_columns import align
from dermaflow.schema import HEADLINES

_WIDEST = 48  # characters of a parameter's value


def summarise(comparison: Comparison) -> str:
    """Runs, differing parameters, headline metrics and what to beware of, as lines."""
    return "\n".join(_lines(comparison))


def _lines(comparison: Comparison) -> Iterator[str]:
    runs = comparison.runs
    yield f"{len(runs)} runs of the experiment {comparison.experiment}"
    yield align([_run_row(run) for run in runs])
    yield "\nParameters that differ"
    labels = [run.label for run in runs]
    rows = [[key, *map(_shorten, values)] for key, values in comparison.parameters.items()]
    yield align([["", *labels], *rows]) if rows else "  none"
    yield f"\nTest metrics with {comparison.interval_name}; differences on common test images"
    head = ["", *labels, *(f"{d.run} − {runs[0].label}" for d in comparison.differences)]
    yield align([head, *(_metric_row(comparison, name, HEADLINES[name]) for name in HEADLINES)])
    if _any_not_estimable(comparison):
        yield f"  {NOT_ESTIMABLE}: {WHY_NOT_ESTIMABLE}"
    for difference in comparison.differences:
        yield f"\n{count_common(comparison, difference)}"
        yield from (f"  ! {text}" for text in difference.warnings)
    for run in runs:
        yield from (f"  ! {run.label}: {text}" for text in run.missing)


def _run_row(run: ComparedRun) -> list[str]:
    commit = "no commit" if run.commit is None else f"commit {run.commit[:8]}"
    return [
        run.label,
        run.short_id,
        run.name,
        f"{run.started:%Y-%m-%d %H:%M} UTC",
        run.status,
        f"{commit} {run.changes}".rstrip(),
        f"data {run.data_version or 'unknown'}",
    ]


def _metric_row(comparison: Comparison, name: str, text: str) -> list[str]:
    scores = [format_estimate(run.scores.get(name)) for run in comparison.runs]
    differences = [
        format_estimate(d.estimates.get(name), signed=True)
        + (" *" if name in d.estimates and d.estimates[name].excludes_zero else "")
        for d in comparison.differences
    ]
    return [text, *scores, *differences]


def _any_not_estimable(comparison: Comparison) -> bool:
    shown = [*(r.scores for r in comparison.runs), *(d.estimates for d in comparison.differences)]
    estimates = [scores.get(name) for scores in shown for name in HEADLINES]
    return any(estimate is not None and estimate.not_estimable for estimate in estimates)


def count_common(comparison: Comparison, difference: Difference) -> str:
    """How many images two runs have in common, and how many headlines an interval sets apart."""
    first = comparison.runs[0].label
    if not difference.estimates:
        return f"{difference.run} against {first}: not comparable image by image."
    verdicts = [judge(difference.estimates.get(name)) for name in HEADLINES]
    higher, lower, open_ = (verdicts.count(v) for v in ("higher", "lower", "not told apart"))
    counted = (
        f"of {higher + lower + open_} headline metrics {higher} are higher, {lower} lower and "
        f"{open_} not told apart"
    )
    return (
        f"{difference.run} against {first}: {count(difference.images, 'test image')} of "
        f"{count(difference.groups, 'group')} in common; {counted}."
    )


def judge(difference: Estimate | None) -> str:
    """A difference in words: ``higher``, ``lower``, ``not told apart``, or nothing.

    Where data are insufficient, or the interval is not estimable, nothing is told apart.
    """
    if difference is None or not (difference.interval or difference.not_estimable):
        return ""
    if not difference.excludes_zero:
        return "not told apart"
    return "higher" if difference.value > 0 else "lower"


def format_duration(seconds: float | None) -> str:
    """Such as ``took 1 h 02 min``."""
    if seconds is None:
        return "has not ended"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"took {hours} h {minutes:02} min"
    return f"took {minutes} min {rest:02} s" if minutes else f"took {rest} s"


def _shorten(value: str | None) -> str:
    if value is None:
        return "–"
    return value if len(value) <= _WIDEST else f"{value[: _WIDEST - 1]}…"
