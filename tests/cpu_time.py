"""A plugin that says what tests cost in CPU-seconds, which a busy machine stretches little.

At the end it prints the total, the dearest tests and fixtures, and the tests above their budget.
Children count once they have been waited for.
"""

import os
from collections import Counter

import pytest

# CPU-seconds that a test may cost, what it shares with others left out. Whole runs are rare.
BUDGET, BUDGET_OF_RUNS = 5, 60

_of_forks = 0.0


def count_fork(seconds):
    """Add the CPU-seconds of a process that a server of ours has waited for."""
    global _of_forks
    _of_forks += seconds


def cpu_seconds():
    """CPU-seconds of this process and its children up to now."""
    return sum(os.times()[:4]) + _of_forks


class _Costs:
    """What each test costs on its own, and what each shared fixture does."""

    def __init__(self):
        self.tests, self.fixtures = Counter(), Counter()
        self._began = self._shared = 0.0
        self._made, self.dear = {}, {}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self):
        self._began, self._shared, self._made = cpu_seconds(), 0.0, {}
        return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef, request):
        began, inner = cpu_seconds(), self._shared
        try:
            return (yield)
        finally:
            if fixturedef.scope != "function":
                cost = cpu_seconds() - began - (self._shared - inner)
                where = "" if fixturedef.scope == "session" else f" of {request.node.nodeid}"
                self._made[f"{fixturedef.argname}{where}"] = cost
                self._shared += cost

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item, call):
        report = yield
        if call.when == "teardown":
            cost = cpu_seconds() - self._began - self._shared
            found = {"cost": cost, "budget": budget_of(item), "fixtures": self._made}
            report.user_properties.append(("cpu_seconds", found))
        return report

    def pytest_runtest_logreport(self, report):
        found = dict(report.user_properties).get("cpu_seconds")
        if report.when == "teardown" and found:
            self.tests[report.nodeid] += found["cost"]
            self.fixtures.update(found["fixtures"])
            if found["cost"] > found["budget"]:
                self.dear[report.nodeid] = found["budget"]

    def pytest_terminal_summary(self, terminalreporter, config):
        if not self.tests:
            return
        write = terminalreporter.write_line
        terminalreporter.section("CPU-seconds")
        for kind, costs in (("tests", self.tests), ("fixtures", self.fixtures)):
            write(f"{kind}: {costs.total():.0f}; the dearest:")
            for name, cost in costs.most_common(config.option.dearest):
                write(f"{cost:7.1f}  {name}")
        for name, budget in self.dear.items():
            write(f"WARNING: {name} costs {self.tests[name]:.1f}, its budget is {budget}")


def budget_of(item):
    """CPU-seconds that a test may cost."""
    if item.get_closest_marker("slow"):
        return float("inf")
    return BUDGET_OF_RUNS if item.nodeid.startswith("tests/runs/") else BUDGET


def pytest_addoption(parser):
    parser.addoption("--dearest", type=int, default=10, help="tests and fixtures to be named")


def pytest_configure(config):
    config.pluginmanager.register(_Costs(), "cpu-costs")
