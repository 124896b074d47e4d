"""All measurements, and what is told of the machine."""

import re

import pytest
import torch

from dermaflow.io.processors import processors
from dermaflow.ml.training.metric_sink import NullSink
from dermaflow_bench.benches import describe_machine
from dermaflow_bench.time_explanations import measure_attribution
from dermaflow_bench.time_gan import measure_gan
from dermaflow_bench.time_ingest import measure_ingest
from dermaflow_bench.time_training import measure_training


def values(lines):
    pattern = re.compile(r"(\w+): (\S+)")
    return dict(pattern.fullmatch(line).groups() for line in lines if not line.startswith("#"))


def test_what_figures_depend_on_is_told_in_comments():
    lines = list(describe_machine())
    assert all(line.startswith("# ") for line in lines)
    assert f"{processors()} cores, {torch.get_num_threads()} torch threads" in lines[0]
    assert f"torch {torch.__version__}" in lines[-1]


@pytest.mark.slow
def test_every_measurement_gives_its_lines(workload):
    sink = NullSink()
    found = values(
        [
            *measure_ingest(workload),
            *measure_training(workload, sink),
            *measure_gan(workload, sink),
            *measure_attribution(workload),
        ]
    )
    ratios = [f"{n}_ceiling_ratio" for n in ("ingest", "train", "gan")]
    ratios += [f"{n}_forward_ratio" for n in ("lime", "shap")]
    for name in ratios:
        low, middle, high = (float(found[f"{name}{end}"]) for end in ("_low", "", "_high"))
        assert 0 < low <= middle <= high < float("inf")
    assert found["train_batch"] == "4"
    assert found["train_pixels"] == "32x32"
    assert found["train_precision"] in ("bf16", "fp32")
    assert float(found["train_images_per_s"]) > 0
