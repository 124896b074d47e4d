"""Settings of the bench as conf/ gives them, and a small workload that all measurements share."""

import pandas as pd
import pytest
from kedro.config import OmegaConfigLoader

from dermaflow.params.dotted_keys import nest
from dermaflow.params.parameters import Parameters
from dermaflow.settings import CONFIG_LOADER_ARGS
from dermaflow_bench.bench_config import BenchConfig
from dermaflow_bench.workload import prepare_workload


@pytest.fixture(scope="session")
def conf(project_path):
    return OmegaConfigLoader(str(project_path / "conf"), env="smoke", **CONFIG_LOADER_ARGS)


@pytest.fixture(scope="session")
def configure(conf):
    """Make the bench's settings from changes: dotted key -> value."""

    def configure(changes=None):
        least = {"images": 16, "pairs": 1, "grid.pixels": [32], "grid.batches": [4]}
        return BenchConfig.model_validate(nest(least | (changes or {}), conf["bench"]))

    return configure


@pytest.fixture(scope="session")
def parameters(conf):
    """Parameters with batches of four images, and with as little to train as is allowed."""
    changes = {
        "train.batch_size": 4,
        "train.precision": "fp32",
        "train.backbone.frozen": ["stem", "layer1"],
    }
    return Parameters.model_validate(nest(changes, conf["parameters"]))


@pytest.fixture(scope="session")
def workload(parameters, configure, tmp_path_factory):
    """Sixteen phantoms as files and in a store."""
    return prepare_workload(parameters, configure(), tmp_path_factory.mktemp("bench"))


@pytest.fixture
def grid():
    """Two sizes in one process, and one of them in two, where there is no ceiling to compare."""
    rows = [(32, 4, 1, 90.0, 0.97, 0.95, 1.0, 900.0), (64, 4, 1, 40.0, 0.98, 0.9, 1.0, 950.0)]
    names = ["pixels", "batch", "processes", "images_per_s"]
    ends = ["ceiling_ratio", "ceiling_ratio_low", "ceiling_ratio_high"]
    alone = pd.DataFrame(rows, columns=[*names, *ends, "peak_mib"])
    together = pd.DataFrame([(32, 4, 2, 70.0, 1700.0)], columns=[*names, "peak_mib"])
    return pd.concat([alone, together], ignore_index=True)
