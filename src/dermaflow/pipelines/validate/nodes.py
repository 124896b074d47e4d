"""Nodes of the validate stage."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pandas as pd

from dermaflow.data.images.image_store import ImageStore
from dermaflow.data.validation.check_manifest import DRIFT_SUITE
from dermaflow.data.validation.kept_split import read_kept_split
from dermaflow.data.validation.leakage import measure_leakage
from dermaflow.data.validation.split import count_crossings, find_groups, split_groups
from dermaflow.data.validation.split_report import (
    count,
    describe_duplicates,
    describe_external,
    describe_kept,
)
from dermaflow.data.validation.suite_report import describe_failures, describe_result, summarise
from dermaflow.data.validation.suites import run_suite
from dermaflow.data.version import data_version, version_of
from dermaflow.errors import ValidationError
from dermaflow.io.seeding import numpy_generator
from dermaflow.params.duplicates import DuplicateParams
from dermaflow.params.validate import ValidateParams
from dermaflow.schema import EXCLUDED, SPLITS

if TYPE_CHECKING:
    from dermaflow.data.drift.compare_sources import Comparison

logger = logging.getLogger(__name__)


def find_duplicates(
    clean_manifest: pd.DataFrame,
    validation_report: dict[str, Any],
    picture_features: ImageStore,
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
    from dermaflow.data.duplicates.picture_features import stored_features

    _stop_if_broken(validation_report)
    decisions = read_decisions(validate.decisions)
    lesions = clean_manifest.set_index("image_id")["lesion_id"]
    is_own = (clean_manifest["role"] == "train").to_numpy()
    own, external = lesions[is_own].to_dict(), lesions[~is_own].index.tolist()
    rng = numpy_generator(seed, "duplicates")
    found = find_pairs(picture_features, own, duplicates, rng)
    if external and duplicates.candidates:
        rng = numpy_generator(seed, "duplicates", "external")
        sets = stored_features(picture_features, external), stored_features(picture_features, own)
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
        logger.info("sides kept: %s", summarise(report["kept"]))
    totals = ", ".join(f"{name} {(own['split'] == name).sum()}" for name in SPLITS)
    logger.info("%d groups split: %s images", own["group_id"].nunique(), totals)
    for source, counts in report["external"].items():
        logger.info("%s is external: %s", source, summarise(counts))
    return manifest, report


def compare_batches(
    clean_manifest: pd.DataFrame,
    duplicate_pairs: pd.DataFrame,
    image_store: ImageStore,
    validate: ValidateParams,
    classes: list[str],
    seed: int,
) -> tuple[dict[str, Any], dict[str, Any], list[dict[str, Any]]]:
    """Compare external sources with the training sources, and these with an earlier profile.

    Returns:
        For JSON: the training sources' profile, a report, and the comparisons, for a page.
        ``broken`` in the report names each expectation of the suite ``drift`` with
        ``on_failure: stop`` that is not met; ``stop_on_drift`` stops there, when all of this is
        written.

    Raises:
        ParameterError: an expectation in conf is wrong.
        SourceError: the earlier profile cannot be used.
    """
    from dermaflow.data.drift.compare_sources import compare_sources

    joining = duplicate_pairs[duplicate_pairs["decision"] != "different"]
    groups = find_groups(clean_manifest, joining)
    training, comparisons, features = compare_sources(
        clean_manifest, groups, image_store, validate.drift, seed
    )
    expectations = validate.expectations.get(DRIFT_SUITE, [])
    result = run_suite(DRIFT_SUITE, expectations, features, {"classes": classes})
    features["broken"] = features.index.isin(list(result.broken_rows))
    warnings = describe_failures([result], "warn")
    for warning in warnings:
        logger.warning(warning)
    report = {
        "broken": describe_failures([result], "stop"),
        "warnings": warnings,
        "batches": {
            comparison.name: _describe(comparison, features[features["batch"] == comparison.name])
            for comparison in comparisons
        },
        "suite": describe_result(result),
    }
    told = [comparison.model_dump(mode="json") for comparison in comparisons]
    return training.model_dump(mode="json"), report, told


def stop_on_drift(drift_report: dict[str, Any]) -> None:
    """Stop where an expectation with ``on_failure: stop`` is not met.

    Raises:
        ValidationError: names the expectation.
    """
    if drift_report["broken"]:
        raise ValidationError("\n".join([*drift_report["broken"], "see drift in failed/validate"]))


def _stop_if_broken(report: dict[str, Any]) -> None:
    if report["broken"]:
        quarantined = f"quarantined: {summarise(report['quarantined_by_reason'])}"
        raise ValidationError(
            "\n".join([*report["broken"], f"{quarantined}; see Data Docs in failed/validate"])
        )


def _describe(comparison: Comparison, features: pd.DataFrame) -> dict[str, Any]:
    """Of one batch, for JSON: values that are not known are None."""
    values = features.drop(columns="batch").set_index("feature").astype(object)
    return {
        "reference": comparison.reference_name,
        "images": comparison.batch.images,
        "groups": comparison.batch.groups,
        "features": values.where(values.notna(), None).to_dict("index"),
    }
