"""Nodes of the validate stage."""

from __future__ import annotations

import logging
from typing import Any

import pandas as pd

from dermaflow.data.drift.drift_features import DRIFT_COLUMNS
from dermaflow.data.images.image_store import ImageStore
from dermaflow.data.validation.kept_split import read_kept_split
from dermaflow.data.validation.leakage import measure_leakage
from dermaflow.data.validation.quarantine import (
    build_quarantine,
    count_reasons,
    find_doubles,
    find_faults,
    find_strays,
)
from dermaflow.data.validation.set_tables import describe_classes, describe_set
from dermaflow.data.validation.split import count_crossings, split_groups
from dermaflow.data.validation.split_report import (
    count,
    describe_duplicates,
    describe_external,
    describe_kept,
)
from dermaflow.data.validation.suite_report import describe_failures, describe_result
from dermaflow.data.validation.suites import SuiteResult, run_suite
from dermaflow.data.version import data_version, version_of
from dermaflow.errors import ParameterError, ValidationError
from dermaflow.io.seeding import numpy_generator
from dermaflow.params.duplicates import DuplicateParams
from dermaflow.params.validate import ValidateParams
from dermaflow.pipelines.validate.drift import DRIFT_SUITE
from dermaflow.reporting.data_docs.data_docs_page import render_data_docs
from dermaflow.schema import DECODE_COLUMNS, EXCLUDED, RECORD_COLUMNS, SPLITS

logger = logging.getLogger(__name__)

# Suites over the rows of a manifest, and suites over what is left of it.
ROW_SUITES = ("manifest_rows", "image_statistics")
SET_SUITES = ("clean_set", "clean_classes", DRIFT_SUITE)


def check_manifest(
    raw_manifest: pd.DataFrame,
    unlisted_files: dict[str, list[str]],
    validate: ValidateParams,
    classes: list[str],
    mask_store: ImageStore | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, Any], dict[str, bytes]]:
    """Set aside what cannot be used, and tell whether what is left will do.

    Of rows that say the same, and of sources that list the same image, the first is kept: sources
    that are trained on come before those that only test. Rows, unlisted files and masks that
    cannot be used are all in one of the two tables that come out; an image whose mask cannot be
    used stays.

    Returns:
        The clean rows (``RECORD_COLUMNS + DECODE_COLUMNS``), the quarantine, a report for JSON, and
        Data Docs as HTML by their path. ``broken`` in the report tells each expectation with
        ``on_failure: stop`` that is not met; ``find_duplicates`` stops there, when all of this is
        written and can be looked at.

    Raises:
        ParameterError: an expectation in conf is wrong.
    """
    _check_suites(validate)
    rows = raw_manifest.reset_index(drop=True)
    doubles = find_doubles(rows)
    others = rows.drop(index={row for found in doubles.values() for row in found})
    table = others.assign(aspect_ratio=lambda t: t["width"] / t["height"])
    values = {"classes": classes}
    # Before any work: a wrong expectation of drift is one even where there is nothing to compare.
    _run(DRIFT_SUITE, validate, pd.DataFrame(columns=list(DRIFT_COLUMNS)), values)
    results = [_run(name, validate, table, values) for name in ROW_SUITES]
    faults = find_faults(rows, doubles, results)
    strays = find_strays(unlisted_files, rows, None if mask_store is None else mask_store.index)
    unlisted = sum(map(len, unlisted_files.values()))
    quarantine = build_quarantine(rows, faults, strays)
    kept = rows.drop(index={fault.row for fault in faults}).reset_index(drop=True)
    clean = kept[[*RECORD_COLUMNS, *DECODE_COLUMNS]]
    if len(clean) + len(quarantine) != len(rows) + len(strays):
        raise AssertionError("a row was lost, or counted twice, on the way to the quarantine")

    reasons = count_reasons(faults, strays)
    logger.info(
        "%d images are clean, %d quarantined (%s)",
        len(clean),
        len(quarantine),
        _summarise(reasons),
    )
    external = set(rows.loc[rows["role"] == "external", "source"])
    for source in sorted(set(rows["source"]) - set(clean["source"])):
        logger.warning("no image of %s is clean", source)
    results += [
        _run("clean_set", validate, describe_set(clean, quarantine, external), values),
        _run("clean_classes", validate, describe_classes(clean, classes), values),
    ]
    warnings = describe_failures(results, "warn")
    for warning in warnings:
        logger.warning(warning)
    report = {
        "rows": len(rows),
        "unlisted_files": unlisted,
        "unusable_masks": len(strays) - unlisted,
        "clean": len(clean),
        "quarantined": len(quarantine),
        "quarantined_by_reason": reasons,
        "broken": describe_failures(results, "stop"),
        "warnings": warnings,
        "suites": {result.name: describe_result(result) for result in results},
    }
    return clean, quarantine, report, render_data_docs(results, report, quarantine)


def find_duplicates(
    clean_manifest: pd.DataFrame,
    validation_report: dict[str, Any],
    image_store: ImageStore,
    validate: ValidateParams,
    duplicates: DuplicateParams,
    seed: int,
) -> pd.DataFrame:
    """Find images that show the same lesion, and let people's decisions overrule what is found.

    What is found among training sources is the same whatever external sources there are.

    Returns:
        A row a pair: ``image_a``, ``image_b``, how they lie over one another (see
        ``dermaflow.data.duplicates.finder``), ``decision`` (``found``, ``same`` or ``different``),
        and ``lesion_a``, ``lesion_b``, ``label_a``, ``label_b``, and ``external``, whether one of
        the images is of an external source.

    Raises:
        ValidationError: an expectation with ``on_failure: stop`` is not met.
        SourceError: the file of decisions cannot be read.
    """
    from dermaflow.data.duplicates.decisions import apply_decisions, read_decisions
    from dermaflow.data.duplicates.finder import find_pairs, find_pairs_between

    _stop_if_broken(validation_report)
    decisions = read_decisions(validate.decisions)
    lesions = clean_manifest.set_index("image_id")["lesion_id"]
    is_own = (clean_manifest["role"] == "train").to_numpy()
    own, external = lesions[is_own].to_dict(), lesions[~is_own].index.tolist()
    rng = numpy_generator(seed, "duplicates")
    found = find_pairs(image_store, own, duplicates, rng)
    if external:
        rng = numpy_generator(seed, "duplicates", "external")
        sets = (image_store, external), (image_store, list(own))
        between = find_pairs_between(*sets, duplicates, rng)
        found = pd.concat([found, between], ignore_index=True)
    pairs = apply_decisions(found, decisions, clean_manifest["image_id"])
    facts = clean_manifest.set_index("image_id")
    for side in ("a", "b"):
        for column, name in (("lesion_id", "lesion"), ("label", "label")):
            pairs[f"{name}_{side}"] = facts[column].reindex(pairs[f"image_{side}"]).to_numpy()
    pairs["external"] = pairs["image_a"].isin(external) | pairs["image_b"].isin(external)
    return pairs


def split_manifest(
    clean_manifest: pd.DataFrame,
    duplicate_pairs: pd.DataFrame,
    validate: ValidateParams,
    seed: int,
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Add ``SPLIT_COLUMNS``; see ``dermaflow.data.validation.split`` for how groups are divided.

    Returns:
        The manifest, rows in their order, and a report for JSON: images and groups by class and
        split, images by class and fold, and what became of external sources.

    Raises:
        ValidationError: a lesion or patient would be on two sides.
        SourceError: the file of ``validate.split.keep`` cannot be read.
    """
    joining = duplicate_pairs[duplicate_pairs["decision"] != "different"]
    kept = read_kept_split(validate.split.keep, clean_manifest["image_id"])
    sides = split_groups(clean_manifest, validate.split, seed, joining, kept)
    manifest = clean_manifest.join(sides)
    used = manifest[manifest["split"] != EXCLUDED]
    own = manifest[manifest["split"].isin(SPLITS)]
    across_splits = count_crossings(used, "split")
    across_folds = count_crossings(own, "fold")
    if across_splits or across_folds:
        raise ValidationError(
            f"{across_splits} lesions or patients are on two sides of the split, {across_folds} of "
            "the folds; the split is wrong and must not be used"
        )
    manifest["data_version"] = data_version(manifest)
    report: dict[str, Any] = {
        "data_version": version_of(manifest),
        "groups_across_splits": across_splits,
        "groups_across_folds": across_folds,
        "duplicates": describe_duplicates(manifest, duplicate_pairs),
        "test_images_with_a_sibling_elsewhere": measure_leakage(
            own, validate.split.test, numpy_generator(seed, "leakage")
        ),
        "images": count(own, "split", SPLITS),
        "groups": count(own.drop_duplicates(["label", "group_id"]), "split", SPLITS),
        "fold_images": count(own, "fold", range(1, validate.split.folds + 1)),
        "external": describe_external(manifest),
    }
    if kept is not None:
        report["kept"] = describe_kept(own, kept)
        logger.info("sides kept: %s", _summarise(report["kept"]))
    totals = ", ".join(f"{name} {(own['split'] == name).sum()}" for name in SPLITS)
    logger.info("%d groups split: %s images", own["group_id"].nunique(), totals)
    for source, counts in report["external"].items():
        logger.info("%s is external: %s", source, _summarise(counts))
    return manifest, report


def _run(
    name: str, validate: ValidateParams, table: pd.DataFrame, values: dict[str, Any]
) -> SuiteResult:
    return run_suite(name, validate.expectations.get(name, []), table, values)


def _check_suites(validate: ValidateParams) -> None:
    """Refuse suites that nothing is checked against, and consequences that they cannot have."""
    known = (*ROW_SUITES, *SET_SUITES)
    for name, expectations in validate.expectations.items():
        if name not in known:
            raise ParameterError(
                f"validate.expectations.{name}: unknown suite; choose among {', '.join(known)} "
                "(parameters_validate.yml)"
            )
        if name in SET_SUITES and any(e.on_failure == "quarantine" for e in expectations):
            raise ParameterError(
                f"validate.expectations.{name}: its rows are no images, which could be "
                "quarantined; on_failure can be warn or stop (parameters_validate.yml)"
            )


def _stop_if_broken(report: dict[str, Any]) -> None:
    if report["broken"]:
        quarantined = f"quarantined: {_summarise(report['quarantined_by_reason'])}"
        raise ValidationError(
            "\n".join([*report["broken"], f"{quarantined}; see Data Docs in failed/validate"])
        )


def _summarise(reasons: dict[str, int]) -> str:
    return ", ".join(f"{reason}: {count}" for reason, count in reasons.items()) or "nothing"
