"""How often equal and worse models pass, by the gate's own figures."""

import numpy as np
import pandas as pd
import pytest

from conf_params import params_of
from dermaflow.errors import ParameterError
from dermaflow.ml.evaluation.paired_difference import Pairing, Resampling, paired_differences
from dermaflow.params.parameters import Parameters
from dermaflow_bench.bench_config import GatePowerConfig
from dermaflow_bench.gate_power import lower_ends, measure_gate_power, model_of
from dermaflow_bench.simulated_rivals import Rivals
from made_model import CLASSES, make_model

MODEL = make_model()
RESAMPLING = Resampling(100, 0.95, 3)


def test_lower_ends_are_those_of_the_gate():
    holder = MODEL.predictions()
    rival = Rivals(MODEL, 0.5, np.zeros(3)).draw(np.random.default_rng(0))
    expected = paired_differences(Pairing(holder, rival, 0), RESAMPLING)
    metrics = ["macro_auc", "mel/auc", "balanced_accuracy"]
    found = lower_ends(holder, [rival], metrics, RESAMPLING)
    for metric in metrics:
        assert found[metric] == pytest.approx([expected[metric].low])
    centred = lower_ends(holder, [rival], metrics, RESAMPLING, ["balanced_accuracy"])
    moved = found["balanced_accuracy"] - expected["balanced_accuracy"].value
    assert centred["balanced_accuracy"] == pytest.approx(moved)
    assert centred["macro_auc"] == pytest.approx(found["macro_auc"])


def test_most_equal_models_pass_a_wide_margin_and_worse_ones_do_not():
    promote = params_of("promote", {"against.holder": {"macro_auc": 0.04, "mel/auc": None}})
    parameters = Parameters.model_construct(
        promote=promote, evaluate=params_of("evaluate"), seed=17
    )
    config = GatePowerConfig(disagreements=[0.08], rivals=30, resamples=60)
    lines = list(measure_gate_power(MODEL, parameters, config))
    assert lines[0].startswith("# holder: 300 test images of 150 lesions")
    kinds = [line for line in lines if "rivals pass" in line]
    assert [kind.split(",")[0] for kind in kinds] == ["# equal", "# macro_auc worse by 0.08"]
    counts = [int(line.split(": ")[1]) for line in lines if line.startswith("macro_auc: ")]
    assert counts[0] >= 24
    assert counts[1] <= 1


def test_the_model_is_that_of_the_test_images_by_its_rule():
    logits = pd.DataFrame(
        {
            "split": ["val", "test", "test", "test"],
            "label": ["mel", "nv", "mel", "bcc"],
            "group_id": ["a", "b", "b", "c"],
            **{f"logit_{code}": [1.0, 2.0, 3.0 + place, 0.0] for place, code in enumerate(CLASSES)},
        }
    )
    rule = {
        "temperature": 2.0,
        "class_offsets": {"mel": 0.5},
        "class_weights": {},
        "views": 1,
        "operating_points": {},
        "classifier": "c",
    }
    model = model_of(logits, rule, list(CLASSES))
    np.testing.assert_allclose(model.logits, [[1.0, 1.5, 1.0], [1.5, 2.5, 2.5], [0.0, 0.5, 0.0]])
    assert (model.labels.tolist(), model.groups) == ([2, 1, 0], ["b", "b", "c"])
    with pytest.raises(ParameterError, match="no test image of bcc"):
        model_of(logits[:3], rule, list(CLASSES))
