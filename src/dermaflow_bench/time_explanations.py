"""LIME and SHAP beside the forward passes they ask for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from statistics import median

import numpy as np
import torch
from numpy.typing import NDArray

from dermaflow.data.images.pixel_modes import Pixels
from dermaflow.io.progress import Progress
from dermaflow.ml.evaluation.decision_rule import DecisionRule
from dermaflow.ml.explanation.lime_maps import explain_with_lime
from dermaflow.ml.explanation.relevance import ClassProbability, blur, class_probability
from dermaflow.ml.explanation.shap_maps import explain_with_shap
from dermaflow.ml.models.classifier import Classifier, describe, load_classifier
from dermaflow.ml.models.weights import Weights
from dermaflow.ml.runtime import Runtime, detect_runtime
from dermaflow.pipelines.explain.nodes import PRECISION
from dermaflow_bench.time_training import TrainingLoop, build_trainer
from dermaflow_bench.timing import Work, time_pairs
from dermaflow_bench.workload import Workload

UPDATES = 8  # of the network before it is explained


def measure_attribution(workload: Workload) -> Iterator[str]:
    """Lines on the explanation of one image."""
    explain, seed = workload.parameters.explain, workload.parameters.seed
    runtime = detect_runtime(PRECISION)
    classifier = build_classifier(workload, runtime)
    pixels = workload.store.read(workload.images["image_id"].head(1).tolist())[0]
    hidden = blur(pixels, explain.blur)
    size = explain.batch_size
    score = class_probability(classifier, DecisionRule(), classifier.classes[0], runtime, size)
    methods: dict[str, Callable[[ClassProbability], object]] = {
        "lime": lambda p: explain_with_lime(p, pixels, explain.lime, size, seed),
        "shap": lambda p: explain_with_shap(p, pixels, hidden, explain.shap, size, seed),
    }
    for name, method in methods.items():
        evaluations = count_evaluations(method, score)
        bare = bare_forward(classifier, pixels, evaluations, size, runtime)
        found = time_pairs(
            first=bare,
            second=lambda method=method: method(score),  # type: ignore[misc]
            pairs=workload.config.pairs,
            seconds=workload.config.seconds,
        )
        yield (
            f"# {name}: {len(found.ratios)} pairs of {evaluations} evaluations, batch {size}, "
            f"{runtime.name}"
        )
        yield from found.lines(f"{name}_forward_ratio")
        yield f"{name}_images_per_s: {1 / median(found.second):.3f}"


def build_classifier(workload: Workload, runtime: Runtime) -> Classifier:
    """A network after a few updates, whose batch statistics fit the images, as the stage loads it.

    The time does not depend on what it has learnt, but NaN or a constant would be no fair load.
    """
    train = workload.parameters.train
    trainer = build_trainer(workload, detect_runtime(train.precision))
    with Progress(unit="img", leave=False) as progress:
        TrainingLoop(trainer, progress, lambda metrics, step: None).run(UPDATES)
    config = describe(
        workload.parameters.labels.classes, workload.preprocess, train.backbone.stride
    )
    return load_classifier(Weights(trainer.ema.copy_weights(), config), runtime.device)


def count_evaluations(method: Callable[[ClassProbability], object], score: ClassProbability) -> int:
    """Images that an explanation has scored."""
    counts: list[int] = []

    def counting(pixels: Pixels) -> NDArray[np.float32]:
        counts.append(len(pixels))
        return score(pixels)

    method(counting)
    return sum(counts)


def bare_forward(
    classifier: Classifier, pixels: Pixels, evaluations: int, batch_size: int, runtime: Runtime
) -> Work:
    """So many forward passes of copies of ``pixels`` that lie in memory, in full batches."""
    copies = torch.from_numpy(np.stack([pixels] * batch_size)).to(runtime.device)
    inputs = classifier.preprocess.to_input(copies)
    full, rest = divmod(evaluations, batch_size)
    batches = [inputs] * full + ([inputs[:rest]] if rest else [])

    def run() -> None:
        with torch.inference_mode(), runtime.autocast():
            for batch in batches:
                classifier.network(batch)

    return run
