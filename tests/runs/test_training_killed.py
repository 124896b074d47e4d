"""``kill -9`` at any moment of a training: the next one ends with the same weights, to the bit."""

import os
import random
import shutil
import sys
from itertools import chain
from pathlib import Path

import pytest

from dermaflow.versioning.stages.fingerprint import hash_path
from forks.forks import KilledForks
from ml.small_training import make_sets
from runs.kills import short_training

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux") or shutil.which("cc") is None,
    reason="needs a C compiler and Linux's way to preload a library",
)


class Training:
    """A short training, forked again and again."""

    def __init__(self, folder, scratch):
        self.folder = folder
        make_sets(folder)
        tests = str(Path(short_training.__file__).parents[2])
        environment = os.environ | {"PYTHONPATH": tests}
        self.forks = KilledForks(folder, ["checkpoints"], environment, scratch)
        self.run()
        self.clear()
        undisturbed = self.run()
        assert undisturbed.status == 0, undisturbed.output
        self.changes, self.seconds = undisturbed.changes, undisturbed.seconds
        self.weights = hash_path(self.result)

    @property
    def result(self):
        return self.folder / "result"

    def run(self, **event):
        return self.forks.run(short_training.__file__, str(self.folder), **event)

    def clear(self):
        shutil.rmtree(self.folder / "checkpoints", ignore_errors=True)
        shutil.rmtree(self.result, ignore_errors=True)

    def faults(self, **event):
        """Kill it, or fill its disk, then run it again: what is wrong."""
        self.clear()
        killed = self.run(**event)
        place = f"{event} {killed.changes[-1:]}"
        if not ended_well(killed, event):
            return [f"{place}: ended with {killed.status}: {killed.output[-300:]}"]
        again = self.run()
        if again.status:
            return [f"{place}: the next failed: {again.output[-300:]}"]
        found = [] if hash_path(self.result) == self.weights else [f"{place}: other weights"]
        left = [path.name for path in (self.folder / "checkpoints").glob(".*")]
        return found + ([f"{place}: left behind: {left}"] if left else [])


def ended_well(run, event):
    """Killed, or faster; without room for checkpoints a training goes on."""
    if "kill_after" in event:
        return run.status in (-9, 0)
    return run.status == (0 if event.get("what") == "fill" else -9)


@pytest.fixture(scope="module")
def training(tmp_path_factory):
    training = Training(tmp_path_factory.mktemp("training"), tmp_path_factory.mktemp("scratch"))
    yield training
    training.forks.close()


def moments(changes, every=1):
    """Before every change of a file, and in the middle of every write."""
    for number, line in list(enumerate(changes, 1))[::every]:
        yield {"at": number}
        if "write" in line.split()[0]:
            yield {"at": number, "what": "tear"}


def test_killed_at_some_changes_and_with_a_full_disk(training):
    chosen = random.Random(2).sample(list(moments(training.changes)), 8)
    writes = [n for n, line in enumerate(training.changes, 1) if "write" in line.split()[0]]
    chosen += [{"at": number, "what": "fill"} for number in random.Random(4).sample(writes, 2)]
    assert not list(chain.from_iterable(training.faults(**event) for event in chosen))


@pytest.mark.slow
def test_killed_at_every_change_of_a_file(training):
    events = moments(training.changes)
    assert not list(chain.from_iterable(training.faults(**event) for event in events))


@pytest.mark.parametrize("kills", [5, pytest.param(30, marks=pytest.mark.slow)])
def test_killed_at_random_moments(training, kills):
    delays = random.Random(kills)
    events = [{"kill_after": delays.uniform(0, training.seconds)} for _ in range(kills)]
    assert not list(chain.from_iterable(training.faults(**event) for event in events))
