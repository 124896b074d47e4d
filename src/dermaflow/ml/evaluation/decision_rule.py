"""From logits to what is said of an image: calibrated probabilities, a class, calls at thresholds.

Evaluation, explanation and the served model all come through here, so that they never differ.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dermaflow.errors import ParameterError, WeightsError
from dermaflow.ml.evaluation.conformal import ConformalSets
from dermaflow.schema import logit_columns, probability_columns

RULE_FILE = "decision_rule.json"


@dataclass(frozen=True)
class Threshold:
    """An image is called ``code`` where the probability of that class is at least ``value``."""

    code: str
    value: float


@dataclass(frozen=True)
class DecisionRule:
    """What turns a network's logits into an answer; without arguments, plain softmax.

    Attributes:
        temperature: divides the logits, above 0; 1 leaves them as they are.
        class_offsets: class -> what is added to its logit after that; 0 for those that it lacks.
        views: of each image, over which logits are averaged; see ``dermaflow.ml.models.predict``.
        class_weights: class -> positive factor of its probability where a class is predicted; 1 for
            those that it lacks.
        thresholds: name of an operating point -> its threshold.
        classifier: digest of the weights that it was chosen for; None of no particular ones.
        sets: which classes an image may be; None where nothing is said of it.
    """

    temperature: float = 1.0
    class_offsets: Mapping[str, float] = field(default_factory=dict)
    views: int = 1
    class_weights: Mapping[str, float] = field(default_factory=dict)
    thresholds: Mapping[str, Threshold] = field(default_factory=dict)
    classifier: str | None = None
    sets: ConformalSets | None = None

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> DecisionRule:
        """From the data set ``decision_rule``, of which what explains it to people is not needed.

        Raises:
            WeightsError: a key is missing, or its value is of another kind.
        """
        try:
            rule = cls(
                temperature=float(values["temperature"]),
                views=int(values["views"]),
                class_offsets=_read_numbers(values["class_offsets"]),
                class_weights=_read_numbers(values["class_weights"]),
                thresholds={
                    name: Threshold(str(point["class"]), float(point["threshold"]))
                    for name, point in values["operating_points"].items()
                },
                classifier=str(values["classifier"]),
                sets=ConformalSets.from_dict(values["sets"]) if "sets" in values else None,
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise WeightsError(f"the decision rule is damaged: {error!r}") from error
        if not rule.temperature > 0 or rule.views < 1:
            raise WeightsError(
                "the decision rule is damaged: temperature and views must be above 0, not "
                f"{rule.temperature} and {rule.views}"
            )
        if not all(0 < weight < np.inf for weight in rule.class_weights.values()):
            raise WeightsError("the decision rule is damaged: a class weight is not above 0")
        if not all(map(np.isfinite, rule.class_offsets.values())):
            raise WeightsError("the decision rule is damaged: a class offset is no number")
        return rule

    def require_same(self, classifier: str) -> None:
        """Refuse to be applied to other weights than those it was chosen for.

        Args:
            classifier: digest of the weights at hand.

        Raises:
            WeightsError: they are others.
        """
        if self.classifier != classifier:
            raise WeightsError(
                f"the decision rule was chosen for the classifier {self.classifier}, but this is "
                f"{classifier}; run the evaluate stage again"
            )

    def probabilities(
        self, logits: NDArray[np.float32], classes: Sequence[str]
    ) -> NDArray[np.float32]:
        """Softmax by temperature and offsets, float32 (N, C), rows add up to 1.

        Args:
            logits: (N, C).
            classes: C codes, in the order of the columns.
        """
        offsets = np.array([self.class_offsets.get(code, 0.0) for code in classes])
        scaled = logits.astype(np.float64) / self.temperature + offsets
        powers = np.exp(scaled - scaled.max(1, keepdims=True))
        probabilities: NDArray[np.float64] = powers / powers.sum(1, keepdims=True)
        return probabilities.astype(np.float32)

    def predict(
        self, probabilities: NDArray[np.float32] | NDArray[np.float64], classes: Sequence[str]
    ) -> NDArray[np.int64]:
        """Index of the predicted class, int64 (N,): the largest probability times weight.

        Without weights the most probable class; of equals the first.

        Args:
            probabilities: (N, C), as ``probabilities`` gives them.
            classes: C codes, in the order of the columns.
        """
        weights = np.array([self.class_weights.get(code, 1.0) for code in classes])
        predicted: NDArray[np.int64] = (probabilities * weights).argmax(1)
        return predicted

    def calls(
        self, probabilities: NDArray[np.float32] | NDArray[np.float64], classes: tuple[str, ...]
    ) -> dict[str, NDArray[np.bool_]]:
        """Whether each image is called at each operating point: bool (N,) by its name.

        Args:
            probabilities: (N, C), as ``probabilities`` gives them.
            classes: C codes, in the order of the columns.
        """
        return {
            name: probabilities[:, classes.index(threshold.code)] >= threshold.value
            for name, threshold in self.thresholds.items()
        }

    def answer(self, logits: NDArray[np.float32], classes: Sequence[str]) -> pd.DataFrame:
        """Say what is to be said of each image: all that evaluation and serving know of it.

        Args:
            logits: (N, C).
            classes: C codes, in the order of the columns.

        Returns:
            A row an image: ``predicted``, the most probable class by the rule's weights (str);
            ``p_<class>`` (float32); for each operating point, by its name, whether the image is
            called (bool); and with ``sets`` ``in_set_<class>`` (bool).
        """
        probabilities = self.probabilities(logits, classes)
        table = pd.DataFrame(probabilities, columns=probability_columns(list(classes)))
        labels = np.array(classes, dtype=object)[self.predict(probabilities, classes)]
        table.insert(0, "predicted", labels)
        table = table.assign(**self.calls(probabilities, tuple(classes)))
        if self.sets is None:
            return table
        return pd.concat([table, self.sets.contains(probabilities, classes)], axis=1)


def answer(logits: pd.DataFrame, rule: DecisionRule, classes: list[str]) -> pd.DataFrame:
    """Replace the logits of a table by what a rule makes of them; see ``DecisionRule.answer``.

    Args:
        logits: ``logit_<class>`` of each class, and columns that stay: image_id, group_id, source,
            label, split.
        rule: to be applied.
        classes: codes.

    Raises:
        ParameterError: the logits are of other classes than ``classes``.
    """
    columns = logit_columns(classes)
    present = [name for name in logits.columns if name.startswith("logit_")]
    if sorted(present) != sorted(columns):
        raise ParameterError(
            f"classes: {', '.join(classes)} are not those of the classifier "
            f"({', '.join(name.removeprefix('logit_') for name in present)}); "
            "run the train and evaluate stages again"
        )
    answers = rule.answer(logits[columns].to_numpy(np.float32), classes)
    kept = logits.drop(columns=columns)
    return pd.concat([kept, answers.set_axis(kept.index)], axis=1)


def _read_numbers(values: Mapping[str, Any]) -> dict[str, float]:
    return {str(code): float(number) for code, number in values.items()}
