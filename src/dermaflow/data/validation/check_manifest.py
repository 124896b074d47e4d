"""Checking a manifest: which rows are set aside, and whether what is left will do."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from dermaflow.data.drift.drift_features import DRIFT_COLUMNS
from dermaflow.data.images.image_store import ImageStore
from dermaflow.data.validation.group_tables import (
    count_grouping,
    count_labels_of_files,
    name_loners,
    name_ties,
    report_groups,
    tabulate_groups,
    tabulate_lesions,
)
from dermaflow.data.validation.quarantine import (
    build_quarantine,
    count_reasons,
    find_doubles,
    find_faults,
    find_strays,
    unset_values,
)
from dermaflow.data.validation.set_tables import describe_classes, describe_set
from dermaflow.data.validation.suite_report import describe_failures, describe_result, summarise
from dermaflow.data.validation.suites import SuiteResult, run_suite
from dermaflow.errors import ParameterError
from dermaflow.params.validate import ValidateParams
from dermaflow.schema import DECODE_COLUMNS, OPTIONAL_COLUMNS, RECORD_COLUMNS

logger = logging.getLogger(__name__)

DRIFT_SUITE = "drift"
# Suites over the rows of a manifest, and suites over what is left of it.
ROW_SUITES = ("manifest_rows", "image_statistics")
SET_SUITES = ("clean_set", "clean_classes", "clean_groups", "clean_lesions", DRIFT_SUITE)


def check_manifest(
    raw_manifest: pd.DataFrame,
    unlisted_files: dict[str, list[str]],
    validate: ValidateParams,
    classes: list[str],
    mask_store: ImageStore | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, Any], dict[str, Any]]:
    """Set aside what cannot be used, and tell whether what is left will do.

    A value that breaks an expectation with ``on_failure: unset`` is not known; its row stays.
    Of rows that say the same, and of sources that list the same image, the first is kept: sources
    that are trained on come before those that only test. Rows, unlisted files and masks that
    cannot be used are all in one of the two tables that come out; an image whose mask cannot be
    used stays.

    Returns:
        The clean rows (``RECORD_COLUMNS + DECODE_COLUMNS``), the quarantine, a report for JSON, and
        by suite the library's own results, which Data Docs show. ``broken`` in the report names
        each expectation with ``on_failure: stop`` that is not met; ``find_duplicates`` stops there,
        when all of this is written and can be looked at.

    Raises:
        ParameterError: an expectation in conf is wrong.
    """
    _check_suites(validate)
    rows = raw_manifest.reset_index(drop=True)
    doubles = find_doubles(rows)
    others = rows.drop(index={row for found in doubles.values() for row in found})
    table = others.assign(
        aspect_ratio=lambda t: t["width"] / t["height"],
        labels_of_file=count_labels_of_files(others, classes),
    )
    values = {"classes": classes}
    # Before any work: a wrong expectation of drift is one even where there is nothing to compare.
    _run(DRIFT_SUITE, validate, pd.DataFrame(columns=list(DRIFT_COLUMNS)), values)
    results = [_run(name, validate, table, values) for name in ROW_SUITES]
    faults = find_faults(rows, doubles, results)
    strays = find_strays(unlisted_files, rows, None if mask_store is None else mask_store.index)
    unlisted = sum(map(len, unlisted_files.values()))
    quarantine = build_quarantine(rows, faults, strays)
    lost = {fault.row for fault in faults}
    kept = unset_values(rows, results).drop(index=lost).reset_index(drop=True)
    clean = kept[[*RECORD_COLUMNS, *DECODE_COLUMNS]]
    if len(clean) + len(quarantine) != len(rows) + len(strays):
        raise AssertionError("a row was lost, or counted twice, on the way to the quarantine")

    reasons = count_reasons(faults, strays)
    _log_reasons(rows, clean, len(quarantine), reasons)
    external = set(rows.loc[rows["role"] == "external", "source"])
    quarantined = rows.loc[sorted(lost)]
    groups, lesions = tabulate_groups(clean), tabulate_lesions(clean)
    tables = {
        "clean_set": describe_set(clean, quarantined, [s.source for s in strays], external),
        "clean_classes": describe_classes(clean, quarantined, classes),
        "clean_groups": groups,
        "clean_lesions": lesions,
    }
    results += [_run(name, validate, table, values) for name, table in tables.items()]
    grouping = count_grouping(clean)
    report = {
        "rows": len(rows),
        "unlisted_files": unlisted,
        "unusable_masks": len(strays) - unlisted,
        "clean": len(clean),
        "quarantined": len(quarantine),
        "quarantined_by_reason": reasons,
        "broken": _name_broken(results, tables["clean_classes"], clean),
        "warnings": _warn(results, grouping),
        **report_groups(groups, lesions, grouping),
        "suites": {result.name: describe_result(result) for result in results},
    }
    return clean, quarantine, report, {result.name: result.library for result in results}


def _name_broken(
    results: Sequence[SuiteResult], class_table: pd.DataFrame, clean: pd.DataFrame
) -> list[str]:
    """What stops the run, and which id ties a class that has too few groups."""
    short = {
        row
        for result in results
        if result.name == "clean_classes"
        for outcome in result.failures("stop")
        if outcome.column == "groups"
        for row in outcome.rows
    }
    ties = name_ties(clean, class_table["label"].loc[sorted(short)])
    return describe_failures(results, "stop") + ties


def _warn(results: Sequence[SuiteResult], grouping: Mapping[str, Mapping[str, int]]) -> list[str]:
    """Log what people should know, and give it back."""
    warnings = [
        *describe_failures(results, "warn"),
        *(f"{text}; it counts as not known" for text in describe_failures(results, "unset")),
        *name_loners(grouping),
    ]
    for warning in warnings:
        logger.warning(warning)
    return warnings


def _run(
    name: str, validate: ValidateParams, table: pd.DataFrame, values: dict[str, Any]
) -> SuiteResult:
    return run_suite(name, validate.expectations.get(name, []), table, values)


def _log_reasons(
    rows: pd.DataFrame, clean: pd.DataFrame, quarantined: int, reasons: dict[str, int]
) -> None:
    logger.info(
        "%d images are clean, %d quarantined (%s)", len(clean), quarantined, summarise(reasons)
    )
    for source in sorted(set(rows["source"]) - set(clean["source"])):
        logger.warning("no image of %s is clean", source)


def _check_suites(validate: ValidateParams) -> None:
    """Refuse suites that nothing is checked against, and consequences that they cannot have."""
    known = (*ROW_SUITES, *SET_SUITES)
    for name, expectations in validate.expectations.items():
        if name not in known:
            raise _error(name, f"unknown suite; choose among {', '.join(known)}")
        if name in SET_SUITES and {e.on_failure for e in expectations} & {"quarantine", "unset"}:
            problem = "its rows are no images, which could be quarantined; on_failure can be"
            raise _error(name, f"{problem} warn or stop")
        unset = [e.kwargs.get("column") for e in expectations if e.on_failure == "unset"]
        for column in unset:
            if column not in OPTIONAL_COLUMNS:
                problem = f"no image is of use without {column}; on_failure can be unset for"
                raise _error(name, f"{problem} {', '.join(OPTIONAL_COLUMNS)}")


def _error(suite: str, problem: str) -> ParameterError:
    return ParameterError(f"validate.expectations.{suite}: {problem} (parameters_validate.yml)")
