"""The served model's contract: what goes in, what comes out, and what it may be used for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from dermaflow.schema import CLASS_NAMES, probability_columns, set_columns
from dermaflow.serving.columns import INPUT_COLUMN, LABEL_COLUMN


def build_contract(
    classifier: Mapping[str, Any],
    training_data: Mapping[str, Any],
    metrics: Mapping[str, Any],
    intended_use: str,
    limitations: str,
    decision_rule: Mapping[str, Any],
    class_names: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, Any]:
    """A description that machines and people can read, JSON-ready.

    Args:
        classifier: the JSON beside the weights (see ``dermaflow.ml.models.classifier.describe``).
        training_data: sources, licences and counts.
        metrics: of the evaluation by part, see ``parts_to_json``; the part ``test`` is quoted.
        intended_use, limitations: one sentence or more each.
        decision_rule: the data set of that name, which is quoted whole.
        class_names: code -> name, of codes whose name is not known or to be another.
    """
    classes: Sequence[str] = classifier["classes"]
    preprocess = classifier["preprocess"]
    return {
        "task": "classification of one dermoscopic image",
        "intended_use": intended_use,
        "limitations": limitations,
        "input": {
            INPUT_COLUMN: {
                "type": "string",
                "content": "base64 of an encoded image (JPEG, PNG, BMP, TIFF or WebP)",
                "max_encoded_bytes": preprocess["max_bytes"],
                "max_pixels": preprocess["max_pixels"],
                "seen_by_the_network": {
                    "shape": [3, preprocess["height"], preprocess["width"]],
                    "channels": "RGB, scaled to cover the shape and cut at the centre",
                    "dtype": "float32",
                    "mean": preprocess["mean"],
                    "std": preprocess["std"],
                },
            }
        },
        "output": {
            LABEL_COLUMN: {"type": "string", "content": describe_label(decision_rule)},
            **{
                column: {
                    "type": "double",
                    "range": [0, 1],
                    "content": describe_probability(code, decision_rule, class_names),
                }
                for code, column in zip(classes, probability_columns(list(classes)), strict=True)
            },
            **{
                name: {"type": "boolean", "content": describe_point(point)}
                for name, point in decision_rule["operating_points"].items()
            },
            **describe_sets(classes, decision_rule.get("sets"), class_names),
        },
        "decision_rule": dict(decision_rule),
        "architecture": {key: classifier[key] for key in ("architecture", "stride")},
        "training_data": dict(training_data),
        "test_metrics": dict(metrics["test"]),
    }


def describe_label(decision_rule: Mapping[str, Any]) -> str:
    """Which class the answer names."""
    adjustment = decision_rule["logit_adjustment"]
    if not adjustment:
        return "the most probable class"
    return (
        "the class of the largest probability / (its share of the validation images) ** "
        f"{adjustment:g}, which favours rare classes"
    )


def describe_probability(
    code: str,
    decision_rule: Mapping[str, Any],
    class_names: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """Of what it is the probability, and where."""
    name = _class_name(code, class_names)
    if not decision_rule["class_offsets"]:
        return name
    share = decision_rule["chosen_on"]["prevalences"][code]
    return f"{name}, where {share:.2%} of images are of it, as of the validation images"


def describe_point(point: Mapping[str, Any]) -> str:
    """What the answer's column of an operating point means, and what it was worth on validation."""
    asked = next(f"{name} {point[name]:g}" for name in ("recall", "specificity") if name in point)
    had = ", ".join(f"{name} {value:.3f}" for name, value in point["validation"].items())
    return (
        f"whether p_{point['class']} >= {point['threshold']:.4g}, chosen on validation images for "
        f"{asked} (there: {had})"
    )


def describe_sets(
    classes: Sequence[str],
    sets: Mapping[str, Any] | None,
    class_names: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, dict[str, str]]:
    """Columns of the answer that say which classes an image may be, and what that is worth.

    Args:
        classes: codes.
        sets: of the decision rule; None where it has none, and the answer no such columns.
        class_names: see ``build_contract``.
    """
    if sets is None:
        return {}
    cells = {code: cell for cell in sets["cells"] for code in cell["classes"]}
    told = {
        column: _describe_member(code, cells[code], sets, class_names)
        for code, column in zip(classes, set_columns(classes), strict=True)
    }
    return {column: {"type": "boolean", "content": text} for column, text in told.items()}


def _describe_member(
    code: str, cell: Mapping[str, Any], sets: Mapping[str, Any], class_names: Mapping[str, str]
) -> str:
    """What it means that a class is in an image's set."""
    name, lesions = _class_name(code, class_names), cell["lesions"]
    shared = f" of {', '.join(cell['classes'])} together" if cell["shared"] else ""
    if cell["always_in_the_set"]:
        return (
            f"always true: {lesions} validation lesions{shared} are too few to tell when an image "
            f"is not of {name}"
        )
    chose_epoch = sets["calibration_images_chose_the_epoch"]
    flattered = ", which chose the epoch as well" if chose_epoch else ""
    return (
        f"whether the image may be of {name}: p_{code} >= {cell['threshold']:.4g}. True of "
        f"{sets['coverage']:.0%} of the lesions{shared or f' of {code}'}, as in validation "
        f"({lesions} lesions{flattered})"
    )


def _class_name(code: str, class_names: Mapping[str, str]) -> str:
    return class_names.get(code) or CLASS_NAMES.get(code, code)
