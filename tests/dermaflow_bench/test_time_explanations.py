"""An explanation is timed beside as many forward passes as it asks for."""

import numpy as np
import pytest

from dermaflow.ml.evaluation.decision_rule import DecisionRule
from dermaflow.ml.explanation.lime_maps import explain_with_lime
from dermaflow.ml.explanation.relevance import class_probability
from dermaflow.ml.runtime import detect_runtime
from dermaflow_bench.time_explanations import (
    UPDATES,
    bare_forward,
    build_classifier,
    count_evaluations,
)

RUNTIME = detect_runtime("fp32")


@pytest.fixture(scope="module")
def classifier(workload):
    return build_classifier(workload, RUNTIME)


@pytest.fixture(scope="module")
def pixels(workload):
    return workload.store.read(workload.images["image_id"].head(1).tolist())[0]


def test_what_is_explained_has_seen_some_batches(classifier):
    assert classifier.network.state_dict()["layer4.0.bn1.num_batches_tracked"] == UPDATES
    assert not classifier.network.training


def test_evaluations_are_all_images_that_an_explanation_scores(workload, classifier, pixels):
    explain = workload.parameters.explain
    score = class_probability(classifier, DecisionRule(), "mel", RUNTIME, 8)
    count = count_evaluations(lambda p: explain_with_lime(p, pixels, explain.lime, 8, 1), score)
    assert count == explain.lime.samples == 32


@pytest.mark.parametrize(
    ("evaluations", "batches"), [(19, [8, 8, 3]), (16, [8, 8]), (3, [3]), (0, [])]
)
def test_bare_forward_runs_as_many_images_in_full_batches(classifier, pixels, evaluations, batches):
    sizes = []
    run = bare_forward(classifier, np.asarray(pixels), evaluations, 8, RUNTIME)
    handle = classifier.network.register_forward_hook(lambda *given: sizes.append(len(given[2])))
    try:
        run()
    finally:
        handle.remove()
    assert sizes == batches
