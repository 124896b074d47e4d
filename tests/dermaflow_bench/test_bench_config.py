"""The bench's settings in every environment."""

import pytest
from kedro.config import OmegaConfigLoader
from pydantic import ValidationError

from dermaflow.params.check import read_config
from dermaflow.settings import CONFIG_LOADER_ARGS
from dermaflow_bench.bench_config import BenchConfig


@pytest.mark.parametrize("env", ["base", "ham10000", "ham10000_gpu", "smoke"])
def test_every_environment_has_settings(env, project_path):
    loader = OmegaConfigLoader(str(project_path / "conf"), env=env, **CONFIG_LOADER_ARGS)
    assert read_config(BenchConfig, loader, "bench").pairs > 0


@pytest.mark.parametrize("key", ["pairs", "seconds", "images", "grid.images"])
def test_nothing_is_measured_of_nothing(configure, key):
    with pytest.raises(ValidationError, match="greater than 0"):
        configure({key: 0})
