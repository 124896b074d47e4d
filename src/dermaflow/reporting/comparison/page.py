"""A comparison as one page that needs nothing else: no script, nothing loaded.

Jinja escapes whatever a user typed; the page's policy lets nothing load or run even so.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from matplotlib import rc_context
from matplotlib.figure import Figure

from dermaflow.reporting.comparison import figures
from dermaflow.reporting.comparison.content import (
    CLASS_MEASURES,
    CURVES,
    Comparison,
)
from dermaflow.reporting.comparison.text import (
    count_common,
    format_duration,
    format_estimate,
    judge,
)
from dermaflow.reporting.style import class_name
from dermaflow.schema import HEADLINES

_PACKAGE = "dermaflow.reporting.comparison"


def render_page(comparison: Comparison) -> str:
    """The whole page, pictures and styles in it."""
    environment = Environment(
        loader=PackageLoader(_PACKAGE, "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html.j2").render(
        comparison=comparison,
        headlines=HEADLINES,
        class_measures=CLASS_MEASURES,
        class_name=class_name,
        colours=figures.RUN_COLOURS,
        count_common=count_common,
        duration=format_duration,
        estimate=format_estimate,
        judge=judge,
        pictures=dict(draw_pictures(comparison)),
        style=files(_PACKAGE).joinpath("page.css").read_text("utf-8"),
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
            yield name, embed(figure)


def embed(figure: Figure) -> str:
    """A figure as the ``data:`` address of an SVG: sharp at any size, equal for equal content."""
    buffer = io.BytesIO()
    with rc_context({"svg.hashsalt": "dermaflow"}):
        figure.savefig(buffer, format="svg", bbox_inches="tight", metadata={"Date": None})
    return f"data:image/svg+xml;base64,{base64.b64encode(buffer.getvalue()).decode()}"
