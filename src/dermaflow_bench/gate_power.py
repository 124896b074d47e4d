"""How often a model that is as good as the holder, or worse, passes ``promote.against.holder``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

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

# What is asked of a model beside the margins of conf, to show why it is no gate.
BESIDE = {"balanced_accuracy": 0.02}


def model_of(logits: pd.DataFrame, decision_rule: Mapping[str, Any], classes: list[str]) -> Model:
    """The test images of an environment's model, from the data of its evaluate stage."""
    test = logits[logits["split"] == "test"]
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
    for disagreement in config.disagreements:
        for kind, worse in _kinds(model, margins).items():
            seed = derive_seed(parameters.seed, "gate power", kind, str(disagreement))
            rivals = make_rivals(model, disagreement, worse, seed)
            drawn = [rivals.draw(numpy_generator(seed, str(n))) for n in range(config.rivals)]
            resampling = Resampling(config.resamples, parameters.evaluate.confidence, seed)
            judged = judge_rivals(model.predictions(), drawn, margins | BESIDE, resampling)
            passed = pd.DataFrame(judged)
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


def judge_rivals(
    holder: Predictions,
    rivals: Iterable[Predictions],
    margins: Mapping[str, float],
    resampling: Resampling,
) -> Iterator[dict[str, bool]]:
    """Whether each rival passes each margin: as ``paired_differences`` does it, in half the time.

    Args:
        holder: that the rivals are held against.
        rivals: on the same images.
        margins: metric -> by how much a rival may be worse.
        resampling: of the groups, the same for all rivals.
    """
    generator = numpy_generator(resampling.seed, "compare", "bootstrap")
    drawn = group_resamples(holder.groups, resampling.samples, generator, shown=False)
    weights = np.concatenate(list(drawn))
    of_holder = score(holder, weights, 1, ())
    tail = (1 - resampling.confidence) / 2
    for rival in rivals:
        of_rival = score(rival, weights, 1, ())
        lows = {m: np.nanquantile(of_rival[m] - of_holder[m], tail) for m in margins}
        yield {metric: bool(low > -margins[metric]) for metric, low in lows.items()}
