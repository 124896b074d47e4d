"""Data Docs: the results of Great Expectations as one page that needs nothing else.

The library's own site loads styles, scripts and pictures from seven hosts, is blank without them,
and writes values of the data into the page as they are. Here its renderers make the sections, on
escaped values, and the page around them is ours: no script, nothing loaded, no times or random
names, so that equal data gives equal bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from importlib.resources import files
from typing import Any

import pandas as pd

from dermaflow.io.text import one_line

# Longer tables and cells are in the quarantine file.
_MAX_ROWS = 200
_MAX_CELL = 200


def render_data_docs(
    results: Mapping[str, Mapping[str, Any]], report: Mapping[str, Any], quarantine: pd.DataFrame
) -> dict[str, bytes]:
    """Render suites and quarantine as ``{"index.html": ...}``, in UTF-8.

    Args:
        results: suite -> the library's result (``SuiteResult.library``), in the order to show.
        report: counts ``rows``, ``unlisted_files``, ``unusable_masks``, ``clean``,
            ``quarantined`` and ``quarantined_by_reason``, ``suites`` (see ``describe_result``), and
            what is known of groups: ``grouping``, ``largest_groups`` and
            ``lesions_of_several_classes``.
        quarantine: the rows set aside.
    """
    style = files("dermaflow.reporting.data_docs").joinpath("page.css").read_text("utf-8")
    body = [_render_summary(report), _render_groups(report), _render_quarantine(report, quarantine)]
    body += [_render_suite(name, result) for name, result in results.items()]
    page = _PAGE.format(style=style, body="\n".join(body))
    return {"index.html": page.encode()}


# The policy lets nothing load or run, whatever a value of the data may hold.
_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Data Docs</title>
<style>
{style}</style>
</head>
<body>
{body}
</body>
</html>
"""


def _render_summary(report: Mapping[str, Any]) -> str:
    rows = [
        (
            f'<a href="#{escape(name)}">{escape(name)}</a>',
            _status(found["success"]),
            escape(found["column"]),
            f"{escape(found['expectation'])}<br>{escape(found['reason'])}",
            escape(found["on_failure"]),
            escape(found["observed"]),
        )
        for name, suite in report["suites"].items()
        for found in suite["expectations"]
    ]
    titles = (
        "suite",
        "",
        "column",
        "expectation, and what breaking it means",
        "if broken",
        "found",
    )
    return (
        "<h1>Data Docs</h1>"
        f'<p class="note">{report["rows"]} rows, {report["unlisted_files"]} unlisted files '
        f"and {report['unusable_masks']} unusable masks: "
        f"{report['clean']} clean, {report['quarantined']} quarantined.</p>{_table(titles, rows)}"
    )


def _render_groups(report: Mapping[str, Any]) -> str:
    """What the split keeps whole, and ids that may stand for more than they should."""
    sources = [
        (
            escape(name),
            *(str(counts[key]) for key in ("images", "by_patient", "by_lesion", "alone")),
        )
        for name, counts in report["grouping"].items()
    ]
    largest = [
        (
            escape(one_line(group["group_id"], _MAX_CELL)),
            escape(group["role"]),
            f"{group['images']} ({group['share']:.1%})",
            *(str(group[key]) for key in ("lesions", "patients", "classes")),
        )
        for group in report["largest_groups"]
    ]
    several = report["lesions_of_several_classes"]
    contradictions = [
        (
            escape(one_line(lesion["lesion_id"], _MAX_CELL)),
            str(lesion["images"]),
            escape(one_line(lesion["labels"], _MAX_CELL)),
        )
        for lesion in several["of_most_classes"]
    ]
    titles = ("source", "images", "kept together by patient", "by lesion", "each alone")
    return (
        '<h2 id="groups">Groups</h2><p class="note">Images of one lesion or patient stay on one '
        "side of the split. An image alone has no id that says with which others it belongs.</p>"
        f"{_table(titles, sources)}<h3>The largest groups</h3>"
        + _table(("group", "role", "images", "lesions", "patients", "classes"), largest)
        + f"<h3>Lesions with images of several classes: {several['lesions']}</h3>"
        + (_table(("lesion", "images", "classes"), contradictions) if contradictions else "")
    )


def _render_quarantine(report: Mapping[str, Any], quarantine: pd.DataFrame) -> str:
    reasons = [(escape(text), str(n)) for text, n in report["quarantined_by_reason"].items()]
    if not reasons:
        return "<h2>Quarantine</h2><p>Nothing was set aside.</p>"
    shown = quarantine[["image_id", "file", "label", "reason"]].head(_MAX_ROWS)
    cells = [
        tuple("" if pd.isna(value) else escape(one_line(value, _MAX_CELL)) for value in row)
        for row in shown.itertuples(index=False)
    ]
    more = len(quarantine) - len(shown)
    note = f'<p class="note">… and {more} more in the quarantine table.</p>' if more else ""
    return (
        f"<h2>Quarantine</h2>{_table(('reason', 'rows'), reasons)}"
        f"<br>{_table(tuple(shown.columns), cells)}{note}"
    )


def _render_suite(name: str, result: Mapping[str, Any]) -> str:
    from great_expectations.core.expectation_validation_result import (
        expectationSuiteValidationResultSchema,
    )
    from great_expectations.render.renderer.page_renderer import ValidationResultsPageRenderer
    from great_expectations.render.view.view import DefaultJinjaSectionView

    raw = expectationSuiteValidationResultSchema.load(result)
    for found in raw.results:
        found.result = _escape_all(found.result)
    document = ValidationResultsPageRenderer().render(raw)
    # The first section is an overview with times and random names; the summary stands for it.
    sections = [
        DefaultJinjaSectionView().render(
            {
                "section": section.to_json_dict(),
                "section_loop": {"index": f"{name}-{number}"},
            }
        )
        for number, section in enumerate(document.sections[1:])
    ]
    title = escape(name)
    return f'<h2 id="{title}">{title} {_status(raw.success)}</h2>' + "\n".join(sections)


def _status(success: bool) -> str:
    return '<span class="met">met</span>' if success else '<span class="broken">broken</span>'


def _table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{title}</th>" for title in titles)
    body = "\n".join("<tr>" + "".join(f"<td>{c}</td>" for c in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>\n{body}\n</tbody></table>"


def _escape_all(value: Any) -> Any:
    """A copy of a result in which every text is safe to stand in a page."""
    if isinstance(value, str):
        return escape(value) or "(no text)"  # the library says EMPTY, as if there were no value
    if isinstance(value, Mapping):
        return {key: _escape_all(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_escape_all(entry) for entry in value]
    return value
