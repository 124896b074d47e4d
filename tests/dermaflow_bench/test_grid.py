"""The grid of the benchmark covers what it says, and its points are real trainings."""

import pandas as pd
import pytest
from kedro.config import OmegaConfigLoader

from dermaflow.params.parameters import Parameters
from dermaflow.settings import CONFIG_LOADER_ARGS
from dermaflow_bench.bench_config import BenchConfig
from dermaflow_bench.grid import Point, measure_grid, points, tell, write_noise
from dermaflow_bench.grid_job import GridJob, run_job
from dermaflow_bench.speed_figure import draw_grid


@pytest.fixture(scope="module")
def parameters(project_path):
    conf = OmegaConfigLoader(str(project_path / "conf"), env="smoke", **CONFIG_LOADER_ARGS)
    parameters = Parameters.model_validate(conf["parameters"])
    train = parameters.train.model_copy(update={"batch_size": 4, "precision": "fp32"})
    return parameters.model_copy(update={"train": train})


def configure(**grid):
    return BenchConfig(
        images=16,
        phantom_side=96,
        pairs=1,
        seconds=1,
        train_steps=2,
        grid={"pixels": [32], "batches": [4], "processes": [1], "images": 10} | grid,
    )


def test_all_batches_in_one_process_and_the_recipes_in_several(parameters):
    config = configure(pixels=[32, 64], batches=[2, 8], processes=[1, 2])
    assert points(parameters, config) == [
        Point(32, 2, 1),
        Point(32, 8, 1),
        Point(64, 2, 1),
        Point(64, 8, 1),
        Point(32, 4, 2),
        Point(64, 4, 2),
    ]


def test_a_run_is_of_whole_batches_and_beside_as_many_bare_ones(parameters, tmp_path):
    write_noise(tmp_path / "store", 32, 10)
    job = GridJob(
        parameters=parameters,
        config=configure(),
        store=str(tmp_path / "store"),
        beside_bare=True,
        result=str(tmp_path / "result.json"),
    )
    assert job.workload().config.train_steps == 2  # of 4 images, as 10 hold
    speed = run_job(GridJob.model_validate_json(job.model_dump_json(by_alias=True)))
    assert len(speed.ratios) == 1
    assert speed.ratios[0] > 0
    assert speed.images_per_s > 0


@pytest.fixture
def grid():
    rows = [(32, 4, 1, 90.0, 0.97, 0.95, 1.0, 900.0), (64, 4, 1, 40.0, 0.98, 0.9, 1.0, 950.0)]
    names = ["pixels", "batch", "processes", "images_per_s"]
    ends = ["ceiling_ratio", "ceiling_ratio_low", "ceiling_ratio_high"]
    alone = pd.DataFrame(rows, columns=[*names, *ends, "peak_mib"])
    together = pd.DataFrame([(32, 4, 2, 70.0, 1700.0)], columns=[*names, "peak_mib"])
    return pd.concat([alone, together], ignore_index=True)


def test_the_table_has_a_line_a_point_and_a_share_where_there_is_one(grid):
    heading, _, first, _, last = tell(grid)
    assert heading.count("|") == first.count("|") == last.count("|")
    assert first == "| 32 | 4 | 1 | 90.0 | 0.970 (0.950 – 1.000) | 900 |"
    assert last == "| 32 | 4 | 2 | 70.0 |  | 1700 |"


def test_the_figure_draws_every_point(grid):
    figure = draw_grid(grid, "a machine")
    speed, share, memory = figure.axes
    assert [line.get_ydata().tolist() for line in speed.lines] == [[90.0, 40.0], [70.0]]
    assert share.lines[0].get_ydata().tolist() == [0.97, 0.98]
    assert [list(line.get_ydata()) for line in memory.lines] == [
        [900 / 1024, 950 / 1024],
        [1700 / 1024],
    ]
    assert [tick.get_text() for tick in speed.get_xticklabels()] == ["32", "64"]


@pytest.mark.slow
def test_a_grid_of_one_and_two_processes(parameters):
    grid = measure_grid(parameters, configure(processes=[1, 2]))
    assert grid["processes"].tolist() == [1, 2]
    assert (grid["images_per_s"] > 0).all()
    assert grid["ceiling_ratio"].notna().tolist() == [True, False]
    assert (grid["peak_mib"] > 200).all()
    assert grid["peak_mib"][1] > grid["peak_mib"][0]
