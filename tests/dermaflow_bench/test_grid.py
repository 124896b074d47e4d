"""The grid of the benchmark covers what it says, and a table tells it."""

import pytest

from dermaflow_bench.grid import Point, measure_grid, points, tell


def test_all_batches_in_one_process_and_the_recipes_in_several(parameters, configure):
    config = configure({"grid.pixels": [32, 64], "grid.batches": [2, 8], "grid.processes": [1, 2]})
    assert points(parameters, config) == [
        Point(32, 2, 1),
        Point(32, 8, 1),
        Point(64, 2, 1),
        Point(64, 8, 1),
        Point(32, 4, 2),
        Point(64, 4, 2),
    ]


def test_the_table_has_a_line_a_point_and_a_share_where_there_is_one(grid):
    heading, _, first, _, last = tell(grid)
    assert heading.count("|") == first.count("|") == last.count("|")
    assert first == "| 32 | 4 | 1 | 90.0 | 0.970 (0.950 – 1.000) | 900 |"
    assert last == "| 32 | 4 | 2 | 70.0 |  | 1700 |"


@pytest.mark.slow
def test_a_grid_of_one_and_two_processes(parameters, configure):
    grid = measure_grid(parameters, configure({"grid.processes": [1, 2], "grid.images": 10}))
    assert grid["processes"].tolist() == [1, 2]
    assert (grid["images_per_s"] > 0).all()
    assert grid["ceiling_ratio"].notna().tolist() == [True, False]
    assert (grid["peak_mib"] > 200).all()
    assert grid["peak_mib"][1] > grid["peak_mib"][0]
