"""How often a model that is as good as the holder, or worse, passes ``promote.against.holder``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from dermaflow.errors import ParameterError
from dermaflow.io.seeding import derive_seed, numpy_generator
from dermaflow.ml.evaluation.bootstrap import group_resamples
from dermaflow.ml.evaluation.decision_rule import DecisionRule
from dermaflow.ml.evaluation.metrics import score
from dermaflow.ml.evaluation.paired_difference import Resampling
from dermaflow.ml.evaluation.predictions import Floats, Predictions
from dermaflow.params.parameters import Parameters
from dermaflow.schema import logit_columns
from dermaflow_bench.bench_config import GatePowerConfig
from dermaflow_bench.simulated_rivals import Model, make_rivals

# Margins that conf does not ask for, to show why. Rivals of equal AUC are not of equal balanced
# accuracy, so that it is counted as if they were so on average.
BESIDE = {"balanced_accuracy": 0.02}


def model_of(logits: pd.DataFrame, decision_rule: Mapping[str, Any], classes: list[str]) -> Model:
    """The test images of an environment's model, from the data of its evaluate stage.

    Raises:
        ParameterError: a class has no test image, so that its AUC is unknown.
    """
    test = logits[logits["split"] == "test"]
    missing = [code for code in classes if not test["label"].eq(code).any()]
    if missing:
        raise ParameterError(f"logits: no test image of {', '.join(missing)}, so no AUC of it")
    rule = DecisionRule.from_dict(decision_rule)
    offsets = np.array([rule.class_offsets.get(code, 0.0) for code in classes])
    scaled = test[logit_columns(classes)].to_numpy(np.float64) / rule.temperature + offsets
    labels = pd.Index(classes).get_indexer(test["label"]).astype(np.int64)
    return Model(tuple(classes), scaled, labels, test["group_id"].astype(str).tolist())


def measure_gate_power(
    model: Model, parameters: Parameters, config: GatePowerConfig
) -> Iterator[str]:
    """Lines ``name: value`` for each disagreement and each kind of rival.

    Args:
        model: the holder.
        parameters: their margins against the holder, and how intervals are made.
        config: how many rivals there are.
    """
    margins = {m: size for m, size in parameters.promote.against.holder.items() if size is not None}
    images, lesions = len(model.labels), len(set(model.groups))
    yield f"# holder: {images} test images of {lesions} lesions, margins {margins}"
    asked = margins | BESIDE
    for disagreement in config.disagreements:
        for kind, worse in _kinds(model, margins).items():
            seed = derive_seed(parameters.seed, "gate power", kind, str(disagreement))
            rivals = make_rivals(model, disagreement, worse, seed)
            drawn = [rivals.draw(numpy_generator(seed, str(n))) for n in range(config.rivals)]
            resampling = Resampling(config.resamples, parameters.evaluate.confidence, seed)
            lows = lower_ends(model.predictions(), drawn, list(asked), resampling, list(BESIDE))
            passed = pd.DataFrame({m: lows[m] > -margin for m, margin in asked.items()})
            counts = dict(passed.sum()) | {"all margins": passed[list(margins)].all(axis=1).sum()}
            yield f"# {kind}, disagreement {disagreement:g}: of {config.rivals} rivals pass"
            yield from (f"{name.replace(' ', '_')}: {count}" for name, count in counts.items())


def _kinds(model: Model, margins: Mapping[str, float]) -> dict[str, Floats]:
    """By how much each class's AUC is worse, (C,), of each kind of rival."""
    nothing = np.zeros(len(model.classes))
    kinds = {"equal": nothing}
    for metric, margin in margins.items():
        code = metric.rpartition("/")[0]
        only = np.array([not code or code == one for one in model.classes], dtype=np.float64)
        kinds[f"{metric} worse by {2 * margin:g}"] = 2 * margin * only
    return kinds


def lower_ends(
    holder: Predictions,
    rivals: Iterable[Predictions],
    metrics: Sequence[str],
    resampling: Resampling,
    centred: Sequence[str] = (),
) -> dict[str, Floats]:
    """Lower end of each rival's difference: as of ``paired_differences``, in half the time.

    Args:
        holder: that the rivals are held against.
        rivals: R of them, on the same images.
        metrics: of ``metrics.score``.
        resampling: of the groups, the same for all rivals.
        centred: metrics whose mean difference over the rivals is taken away.

    Returns:
        Metric -> float64 (R,).
    """
    generator = numpy_generator(resampling.seed, "compare", "bootstrap")
    drawn = group_resamples(holder.groups, resampling.samples, generator, shown=False)
    weights = np.concatenate([np.ones((1, len(holder))), *drawn])  # the first row: as it is
    of_holder = score(holder, weights, 1, ())
    tail = (1 - resampling.confidence) / 2
    values: dict[str, list[float]] = {metric: [] for metric in metrics}
    lows: dict[str, list[float]] = {metric: [] for metric in metrics}
    for rival in rivals:
        of_rival = score(rival, weights, 1, ())
        for metric in metrics:
            value, *resampled = of_rival[metric] - of_holder[metric]
            values[metric].append(value)
            lows[metric].append(float(np.nanquantile(resampled, tail)))
    shifts = {metric: np.mean(values[metric]) if metric in centred else 0.0 for metric in metrics}
    return {metric: np.array(ends) - shifts[metric] for metric, ends in lows.items()}
