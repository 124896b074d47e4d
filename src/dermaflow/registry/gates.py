"""Whether a version reaches the figures that conf asks for, by the evidence in its own folder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from dermaflow.errors import RegistryError
from dermaflow.io.seeding import numpy_generator
from dermaflow.ml.evaluation.calibration_null import calibration_errors_by_chance
from dermaflow.ml.evaluation.estimate import Estimate
from dermaflow.ml.evaluation.metrics import calibration_error
from dermaflow.ml.evaluation.predictions import Predictions
from dermaflow.params.promote import CalibrationParams, GateParams, PromoteParams
from dermaflow.registry.evidence import Evidence
from dermaflow.schema import EXTERNAL, probability_columns

# Means over classes: they leave out classes without an image, and rest on the smallest one.
OVER_CLASSES = ("balanced_accuracy", "macro_auc", "macro_f1")
# Measures of a class that rest on its own lesions; others say themselves what they rest on.
_OF_OWN_LESIONS = ("recall", "auc", "support", "coverage", "lesion_coverage")


@dataclass(frozen=True)
class Check:
    """One thing asked, and what was found, such as ``0.712 >= 0.600``."""

    name: str
    passed: bool
    found: str


def check_gates(evidence: Evidence, promote: PromoteParams) -> Iterator[Check]:
    """Check the gates, and those of external sources for each source that was tested."""
    for name, gate in promote.gates.items():
        if gate:
            part, metric = split_metric(gate.metric)
            yield _check_gate(name, gate, evidence, part, metric)
    sources = sorted(part for part in evidence.parts if part.startswith(f"{EXTERNAL}/"))
    for part in sources:
        for name, gate in promote.external.items():
            if gate:
                full = f"{part.replace('/', '_')}_{name}"
                yield _check_gate(full, gate, evidence, part, gate.metric)


def split_metric(metric: str) -> tuple[str, str]:
    """Part and metric of a full name, such as ``external/clinic`` and ``mel/recall``."""
    part, _, rest = metric.partition("/")
    if part != EXTERNAL:
        return part, rest
    source, _, rest = rest.partition("/")
    return f"{part}/{source}", rest


def images_of_part(evidence: Evidence, part: str) -> pd.DataFrame:
    """Rows of the evidence's images that a part's figures are of."""
    kind, _, source = part.partition("/")
    images = evidence.images
    rows = images["split"].eq(kind) & images[f"p_{evidence.classes[0]}"].notna()
    return images[rows & images["source"].eq(source) if source else rows]


def count_lesions(images: pd.DataFrame, classes: tuple[str, ...]) -> dict[str, int]:
    """Lesions of each class; 0 where there is none."""
    counts = images.groupby("label")["group"].nunique()
    return {code: int(counts.get(code, 0)) for code in classes}


def predictions_of(images: pd.DataFrame, classes: tuple[str, ...]) -> Predictions:
    """What a version said of images; the predicted class is the most probable one.

    Raises:
        RegistryError: the label of an image is no class.
    """
    labels = pd.Index(list(classes)).get_indexer(images["label"]).astype(np.int64)
    if (labels < 0).any():
        unknown = sorted(set(images["label"]) - set(classes))
        raise RegistryError(f"evidence: tested images have labels that are no class: {unknown}")
    probabilities = images[probability_columns(list(classes))].to_numpy(np.float64)
    return Predictions(classes, labels, probabilities, images["group"].to_numpy(str))


def _check_gate(name: str, gate: GateParams, evidence: Evidence, part: str, metric: str) -> Check:
    score = evidence.parts.get(part, {}).get(metric)
    bound = f"{gate.bound:.3f} asked"
    if score is None:
        return Check(name, False, f"{part}/{metric} is missing, {bound}")
    lesions = count_lesions(images_of_part(evidence, part), evidence.classes)
    untested = [code for code, count in lesions.items() if count == 0]
    if untested and metric in OVER_CLASSES:
        return Check(name, False, f"unknown for {', '.join(untested)}, {bound}")
    end = score.low if gate.direction == ">=" else score.high
    figure = score.value if gate.judged_by == "value" else end
    behind = _lesions_behind(metric, score, lesions)
    doubts = [f"{behind} lesions, {gate.least} asked"] if behind < gate.least else []
    doubts += ["no interval"] if figure is None else []
    if doubts and gate.below_least == "refuse":
        return Check(name, False, f"{'; '.join(doubts)}, {bound}")
    return _compare(name, score.value if figure is None else figure, gate, doubts)


def _compare(name: str, figure: float, gate: GateParams, doubts: list[str]) -> Check:
    above = figure >= gate.bound
    passed = above if gate.direction == ">=" else figure <= gate.bound
    sign = gate.direction if passed else {">=": "<", "<=": ">"}[gate.direction]
    mark = f" (marked: {'; '.join(doubts)})" if doubts else ""
    return Check(name, passed, f"{figure:.3f} {sign} {gate.bound:.3f}{mark}")


def _lesions_behind(metric: str, score: Estimate, lesions: Mapping[str, int]) -> int:
    """Lesions that a figure is of; 0 where that is not known."""
    code, _, measure = metric.rpartition("/")
    if metric in OVER_CLASSES:
        return min(lesions.values())
    if measure in _OF_OWN_LESIONS and code in lesions:
        return lesions[code]
    return score.groups or 0


def check_calibration(evidence: Evidence, asked: CalibrationParams, bins: int) -> Check:
    """Check that a part's calibration error is one that right probabilities make by chance.

    Args:
        evidence: of the version.
        asked: see ``CalibrationParams``.
        bins: of the calibration error.
    """
    images = images_of_part(evidence, asked.part)
    if images.empty:
        return Check("calibration", False, f"{asked.part} is missing")
    predictions = predictions_of(images, evidence.classes)
    lesions = predictions.count_groups()
    few = lesions < asked.least
    doubt = f"{lesions} lesions, {asked.least} asked"
    if few and asked.below_least == "refuse":
        return Check("calibration", False, doubt)
    error = float(calibration_error(predictions, np.ones((1, len(predictions))), bins)[0])
    generator = numpy_generator(0, "promote", "calibration")
    by_chance = calibration_errors_by_chance(predictions, bins, asked.draws, generator)
    limit = float(np.quantile(by_chance, asked.quantile))
    passed = error <= max(limit, asked.tolerated)
    sign, mark = "<=" if passed else ">", f" (marked: {doubt})" if few else ""
    found = f"{error:.3f} {sign} {limit:.3f} by chance or {asked.tolerated:.3f}{mark}"
    return Check("calibration", passed, found)
