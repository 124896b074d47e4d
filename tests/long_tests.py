"""A plugin that runs the long tests, the most valuable first, for as long as there is time.

``pytest -m slow --minutes 10`` begins no test that could not end within ten minutes, and names
those that it left out.
"""

import time

import pytest

# Beginnings of names -> minutes on two cores, of one test with its fixtures. The order is that of
# what a fault there would cost a user, for the time.
LONG = {
    "tests/runs/test_killed_anywhere.py::test_killed_or_out_of_space": 2,
    "tests/runs/test_same_on_every_processor.py": 1,
    "tests/runs/test_at_once.py": 1,
    "tests/runs/test_side_by_side.py": 4,
    "tests/test_team_server.py": 2,
    "tests/registry/test_promote_version.py": 1,
    "tests/cli/test_promote.py": 1,
    "tests/runs/test_search.py": 1,
    "tests/cli/test_ui.py": 1,
    "tests/runs/test_training_resumed.py": 2,
    "tests/runs/test_data_versions.py": 2,
    "tests/runs/test_no_work_twice.py": 1,
    "tests/runs/test_restore.py": 1,
    "tests/runs/test_dvc.py": 2,
    "tests/runs/test_folds_at_once.py": 5,
    "tests/runs/test_kubeflow_chain.py": 5,
    "tests/runs/test_job_data.py": 2,
    "tests/runs/test_crossval.py": 1,
    "tests/pipelines/test_crossval_train.py": 1,
    "tests/ml/training/test_training_job.py": 1,
    "tests/runs/test_drawing.py": 2,
    "tests/runs/test_what_runs_again.py": 8,
    "tests/runs/test_bring_your_own_data.py": 2,
    "tests/ml/processes/test_launch.py::test_killed_processes_are_started_again_and_the_training_ends"
    "_right[20]": 12,
    "tests/ml/processes/test_launch.py": 1,
    "tests/runs/test_training_processes.py": 2,
    "tests/runs/test_several_nodes.py": 4,
    "tests/runs/test_notebooks.py": 1,
    "tests/runs/test_image.py": 8,  # skipped where neither podman nor docker is there
    "tests/runs/test_schedules.py": 3,
    "tests/runs/test_time_limit.py": 4,
    "tests/runs/test_bench.py": 2,
    "tests/runs/test_training_killed.py": 4,
    "tests/runs/test_killed_anywhere.py": 20,
    "tests/runs/test_phantoms_learn.py": 15,
    "tests/dermaflow_bench/test_benches.py": 2,
    "tests/dermaflow_bench/test_grid.py": 2,
    "tests/dermaflow_bench/test_scale.py": 2,
    "tests/ml/training/test_acceleration.py": 2,
    # They want HAM10000.
    "tests/data/drift/test_compare_sources_on_ham10000.py": 5,
    "tests/data/duplicates/test_finder_on_ham10000.py": 10,
}
LEFT_OUT = "left out, as there was no time"


def pytest_addoption(parser):
    parser.addoption("--minutes", type=float, help="begin no long test that would end later")


def pytest_configure(config):
    config.pluginmanager.register(_Clock(config.option.minutes), "long-tests")


def _entry(item):
    """The first name in LONG that the test's own begins with."""
    for name in LONG:
        if item.nodeid.startswith(name):
            return name
    raise pytest.UsageError(f"{item.nodeid} is a long test: give it a place in long_tests.py")


class _Clock:
    """Knows when the test run began."""

    def __init__(self, minutes):
        self._minutes, self._began, self._left_out = minutes, time.monotonic(), []

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items):
        order = {name: place for place, name in enumerate(LONG)}
        places = {item: order[_entry(item)] for item in items if item.get_closest_marker("slow")}
        if self._minutes is not None:
            items.sort(key=lambda item: places.get(item, -1))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item):
        if self._minutes is not None and item.get_closest_marker("slow"):
            spent = (time.monotonic() - self._began) / 60
            if spent + LONG[_entry(item)] > self._minutes:
                pytest.skip(LEFT_OUT)

    def pytest_runtest_logreport(self, report):
        if report.skipped and LEFT_OUT in str(report.longrepr):
            self._left_out.append(report.nodeid)

    def pytest_terminal_summary(self, terminalreporter):
        if self._left_out:
            terminalreporter.section(LEFT_OUT)
            for nodeid in self._left_out:
                terminalreporter.write_line(nodeid)
