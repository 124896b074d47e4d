"""Which metrics a gate may ask for, so that a mistyped one is an error and no gate that is lost."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches

from dermaflow.params.promote import PromoteParams

# Of a part of the data; of each class; and of each operating point.
MEANS = ("accuracy", "balanced_accuracy", "macro_auc", "macro_f1")
ERRORS = ("log_loss", "ece", "log_loss_uncalibrated", "ece_uncalibrated")
COUNTS = ("images", "groups")
SETS = ("coverage", "set_size", "empty_sets", "singleton_sets")
OF_CLASS = ("precision", "recall", "f1", "auc", "support", "coverage", "lesion_coverage")
OF_POINT = ("recall", "specificity", "precision")
# Of two versions on the same images.
PAIRED_OF_CLASS = ("precision", "recall", "f1", "auc")


@dataclass(frozen=True)
class MetricNames:
    """What conf knows: codes of all label schemes, operating points, external sources."""

    classes: tuple[str, ...]
    points: tuple[str, ...]
    sources: tuple[str, ...]

    def of_part(self) -> list[str]:
        """Metrics of one part of the data, such as ``mel/recall``."""
        of_classes = [f"{code}/{measure}" for code in self.classes for measure in OF_CLASS]
        of_points = [f"{point}/{measure}" for point in self.points for measure in OF_POINT]
        return [*MEANS, *ERRORS, *COUNTS, *SETS, *of_classes, *of_points]

    def of_difference(self) -> list[str]:
        """Metrics of a paired difference in which more is better."""
        of_classes = [f"{code}/{measure}" for code in self.classes for measure in PAIRED_OF_CLASS]
        return [*MEANS, *of_classes]

    def parts(self) -> list[str]:
        """Parts of the data that have metrics."""
        return ["test", "val", *(f"external/{source}" for source in self.sources)]


def unknown_metrics(promote: PromoteParams, names: MetricNames) -> Iterator[str]:
    """A text for each metric or part that no version can have; it begins with the key in conf."""
    full = [f"{part}/{metric}" for part in names.parts() for metric in names.of_part()]
    for name, gate in promote.gates.items():
        if gate:
            yield from _unknown(f"gates.{name}.metric", gate.metric, full)
    for name, gate in promote.external.items():
        if gate:
            yield from _unknown(f"external.{name}.metric", gate.metric, names.of_part())
    if promote.calibration:
        yield from _unknown("calibration.part", promote.calibration.part, names.parts())
    against = promote.against
    for key, metrics in (("holder", against.holder), ("first_champion", against.first_champion)):
        for metric in (metric for metric, margin in metrics.items() if margin is not None):
            yield from _unknown(f"against.{key}", metric, names.of_difference())
    for metric in against.reported:
        yield from _unknown("against.reported", metric, names.of_difference())


def _unknown(key: str, said: str, known: Iterable[str]) -> Iterator[str]:
    known = list(known)
    if said not in known:
        whole = [f"test/{said}"] if f"test/{said}" in known else []
        near = whole or get_close_matches(said, known, n=1)
        hint = f"; did you mean '{near[0]}'?" if near else ""
        yield f"promote.{key}: there is no '{said}'{hint}"
