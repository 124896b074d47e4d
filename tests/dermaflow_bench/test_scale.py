"""Generated images, a child's memory, and the lines of ``kedro bench --scale``."""

import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from kedro.config import OmegaConfigLoader
from PIL import Image

from dermaflow.params.ingest import IngestParams
from dermaflow.params.labels import LabelParams
from dermaflow.params.parameters import Parameters
from dermaflow.pipelines.ingest.nodes import read_records
from dermaflow.settings import CONFIG_LOADER_ARGS
from dermaflow_bench.bare_decoding import Ceiling, decode_bare, loop
from dermaflow_bench.generated_images import SIZE, list_generated, write_generated
from dermaflow_bench.process_tree import run_watched
from dermaflow_bench.scale import measure_scale

MIB = 2**20
HOLD = "import time; held = bytearray(b'x') * ({} * 2**20); time.sleep(1.5)"


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """A folder and 205 generated files in it, five more than are drawn."""
    folder = tmp_path_factory.mktemp("generated")
    return folder, write_generated(folder, 205, seed=3)


def test_generated_files_are_photographs_of_which_no_two_have_equal_bytes(images):
    _, files = images
    contents = [Path(file).read_bytes() for file in files]
    assert len(set(contents)) == len(files)
    assert 20_000 < np.mean([len(content) for content in contents]) < 100_000
    first, other, again = (Image.open(files[number]) for number in (0, 1, 200))
    assert (first.format, first.mode, first.size) == ("JPEG", "RGB", SIZE)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_generated_files_are_a_source(images, tmp_path):
    folder, files = images
    table = list_generated(files[:150], folder, tmp_path / "t.parquet")
    ingest = IngestParams(train=["t"], external=[], sources={"t": table}, shard_images=16)
    labels = LabelParams(scheme="two", schemes={"two": {"mel": [], "nv": []}})
    records, unlisted = read_records(ingest, labels, 1)
    assert len(records) == 150
    assert len(unlisted["t"]) == 55
    assert [f"{folder}/{name}" for name in records["file"]] == files[:150]


def test_the_ceiling_decodes_every_file(images, tmp_path):
    _, files = images
    torn = tmp_path / "torn.jpg"
    torn.write_bytes(b"\xff\xd8")
    with Ceiling((16, 12)) as ceiling:
        cost = ceiling.run(files[:20])
        assert cost.cpu > 0
        assert cost.wall > 0
        with pytest.raises(OSError):
            ceiling.run([*files[:20], str(torn)])


def test_bare_decoding_at_a_fraction_takes_less_time(images):
    _, files = images
    whole = min(loop(files[:40], (32, 24), reduced=False).cpu for _ in range(3))
    reduced = min(loop(files[:40], (32, 24), reduced=True).cpu for _ in range(3))
    assert reduced < whole
    with pytest.raises(OSError):
        decode_bare(b"no image", (32, 24))


@pytest.mark.parametrize("where", ["child", "grandchild"])
def test_memory_is_that_of_the_whole_tree(where):
    command = [sys.executable, "-c", HOLD.format(200)]
    if where == "grandchild":
        command = [sys.executable, "-c", f"import subprocess; subprocess.run({command!r})"]
    output, most = run_watched(command)
    assert output == ""
    assert 200 * MIB <= most < 300 * MIB


def test_a_child_that_fails_is_an_error():
    with pytest.raises(subprocess.CalledProcessError):
        run_watched([sys.executable, "-c", "raise SystemExit(3)"])


@pytest.mark.slow
def test_every_line_is_a_positive_number_for_both_sizes(project_path):
    loader = OmegaConfigLoader(str(project_path / "conf"), env="smoke", **CONFIG_LOADER_ARGS)
    parameters = Parameters.model_validate(loader["parameters"])
    lines = [line for line in measure_scale(parameters, 400, pairs=1) if not line.startswith("#")]
    found = {name: float(value) for name, value in (line.split(": ") for line in lines)}
    assert all(0 < value < math.inf for value in found.values())
    for count in (40, 400):
        for name in ("ceiling_ratio", "images_per_s", "cpu_ms", "peak_mib", "add_cpu_ratio"):
            assert f"scale_{count}_{name}" in found
    # Nothing is decoded a second time: cheaper, though the process starts anew.
    assert found["scale_400_unchanged_cpu_ratio"] < 0.7
