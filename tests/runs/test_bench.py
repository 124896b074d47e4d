"""``kedro bench`` on a copy of the project."""

import math
import re

import pytest

RATIOS = (
    "ingest_ceiling_ratio",
    "train_ceiling_ratio",
    "gan_ceiling_ratio",
    "lime_forward_ratio",
    "shap_forward_ratio",
    "start_up_ratio",
)
OTHERS = ("train_images_per_s", "train_batch", "train_pixels", "train_precision")


@pytest.mark.slow
def test_bench_prints_every_line_and_leaves_nothing_behind(make_project):
    project = make_project()
    lines = project.run("kedro", "bench", "--env", "smoke").stdout.splitlines()
    found = dict(line.split(": ", 1) for line in lines if re.fullmatch(r"[a-z_0-9]+: \S+", line))
    assert {*RATIOS, *OTHERS} <= set(found)
    for name, value in found.items():
        if name not in ("train_pixels", "train_precision"):
            assert math.isfinite(float(value)), name
            assert float(value) > 0, name
    # A whole run is more than the start of Python and Kedro.
    assert float(found["start_up_ratio"]) > 1
    assert any(line.startswith("# machine: ") for line in lines)
    assert any(line.startswith("# settings: env smoke, 64 images") for line in lines)
    assert not (project.folder / "data").exists()
    assert not (project.folder / "mlflow").exists()
