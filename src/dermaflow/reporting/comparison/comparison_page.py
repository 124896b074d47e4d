"""A comparison as one page that needs nothing else."""

from __future__ import annotations

from collections.abc import Iterator

from dermaflow.ml.evaluation import estimate_text
from dermaflow.reporting.comparison import comparison_figures as figures
from dermaflow.reporting.comparison.comparison_text import count_common, format_duration, judge
from dermaflow.reporting.comparison.content import CLASS_MEASURES, CURVES, Comparison
from dermaflow.reporting.html import embed_figure, render_template
from dermaflow.reporting.style import class_name
from dermaflow.schema import HEADLINES

_PACKAGE = "dermaflow.reporting.comparison"


def render_page(comparison: Comparison) -> str:
    """The whole page, pictures and styles in it."""
    return render_template(
        _PACKAGE,
        comparison=comparison,
        headlines=HEADLINES,
        class_measures=CLASS_MEASURES,
        class_name=class_name,
        colours=figures.RUN_COLOURS,
        count_common=count_common,
        duration=format_duration,
        estimates=estimate_text,
        judge=judge,
        pictures=dict(draw_pictures(comparison)),
    )


def draw_pictures(comparison: Comparison) -> Iterator[tuple[str, str]]:
    """Name and ``data:`` address of each figure there is something to draw for."""
    by_class = {
        measure: {f"{code}/{measure}": class_name(code) for code in comparison.classes}
        for measure in CLASS_MEASURES
    }
    drawn = {
        "differences": figures.draw_differences(
            comparison, HEADLINES, "What is better, what is worse?"
        ),
        "class_differences": figures.draw_differences(
            comparison, by_class["f1"], "The same for F1 of each class"
        ),
        "scores": figures.draw_scores(comparison, HEADLINES, "The figures themselves"),
        "class_scores": figures.draw_scores(comparison, by_class["f1"], "F1 of each class"),
    }
    drawn |= {name: figures.draw_curve(comparison, name) for name in CURVES}
    for name, figure in drawn.items():
        if figure is not None:
            yield name, embed_figure(figure)
