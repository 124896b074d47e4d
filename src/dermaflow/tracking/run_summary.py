"""The last lines of a run: what it reached, where to look, and what to do next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from dermaflow.ml.evaluation.estimate import Scores
from dermaflow.ml.evaluation.estimate_text import format_estimate
from dermaflow.schema import DEFAULT_ENVIRONMENT, HEADLINES, RESULTS
from dermaflow.tracking.metric_names import read_scores

_WIDTH = max(map(len, HEADLINES.values()))


def summarise_run(
    metrics: Mapping[str, float], env: str, folder: str, page: str, is_local: bool
) -> Iterator[str]:
    """Lines for the log of a run that has ended well.

    Args:
        metrics: of the run, by their names in MLflow.
        env: its environment.
        folder: where its figures and pages are.
        page: address of the run in MLflow.
        is_local: whether ``kedro ui`` shows that page, and no server.
    """
    option = "" if env == DEFAULT_ENVIRONMENT else f" --env {env}"
    found = {part: read_scores(metrics, part) for part in RESULTS}
    for part, scores in found.items():
        yield from _headlines(RESULTS[part], scores)
    yield f"Figures and pages: {folder}"
    yield f"The run in MLflow: {page}" + (f" (`kedro ui{option}` serves it)" if is_local else "")
    if any(found.values()):
        yield f"Beside the run before: `kedro compare latest~1 latest{option}`"


def _headlines(part: str, scores: Scores) -> Iterator[str]:
    shown = {title: scores[name] for name, title in HEADLINES.items() if name in scores}
    if not shown:
        return
    counts = [f"{scores[name].value:.0f} {name}" for name in ("images", "groups") if name in scores]
    yield f"The {part}{', ' if counts else ''}{' of '.join(counts)}:"
    for title, estimate in shown.items():
        yield f"  {title:{_WIDTH}}  {format_estimate(estimate)}"
