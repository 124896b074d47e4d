"""How many images are added, and the lines of ``kedro bench --scale``."""

import math

import pytest

from dermaflow.params.parameters import Parameters
from dermaflow_bench.scale import measure_scale, more_than


@pytest.mark.parametrize(("count", "more"), [(10, 11), (100, 101), (399, 402), (400, 404)])
def test_a_hundredth_is_added_and_one_image_at_least(count, more):
    assert more_than(count) == more


@pytest.mark.slow
def test_every_line_is_a_positive_number_for_both_sizes(conf):
    parameters = Parameters.model_validate(conf["parameters"])
    lines = [line for line in measure_scale(parameters, 400, pairs=1) if not line.startswith("#")]
    found = {name: float(value) for name, value in (line.split(": ") for line in lines)}
    assert all(0 < value < math.inf for value in found.values())
    for count in (40, 400):
        for name in ("ceiling_ratio", "images_per_s", "cpu_ms", "peak_mib", "add_cpu_ratio"):
            assert f"scale_{count}_{name}" in found
    # Nothing is decoded a second time: cheaper, though the process starts anew.
    assert found["scale_400_unchanged_cpu_ratio"] < 0.7
