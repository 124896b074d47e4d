"""``kill -9`` at any write of ingest and validate: readers see whole outputs, the next run mends.

Between two changes of files nothing on disk changes, so that a kill before every change is one at
every moment; one in the middle of a write is tried as well.
"""

import random
import re
import shutil
import sys
from dataclasses import dataclass
from itertools import chain

import pytest
import yaml

from dermaflow.versioning.stages.fingerprint import hash_path
from runs.kills.killable import DATA, Killable

OTHERS = ("mlflow.db", ".dvc/cache", ".tmp")
WRITES = ("write", "pwrite64", "writev", "sendfile", "sendfile64")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not sys.platform.startswith("linux") or shutil.which("cc") is None,
        reason="needs a C compiler and Linux's way to preload a library",
    ),
]


@dataclass(frozen=True)
class Undisturbed:
    """A run that nothing stops: where it starts, and what is to come of it.

    Attributes:
        start: name of the state before it.
        seconds: that it takes from its first change on.
        changes: that it makes, a line each.
        state: of the project after it.
        whole: output -> its hashes before and after; None where there is nothing.
    """

    start: str
    seconds: float
    changes: list[str]
    state: dict[str, str]
    whole: dict[str, set[str | None]]


@pytest.fixture(scope="module")
def killable(make_project, tmp_path_factory):
    """A small project, in the states before its first run and before one that replaces all."""
    killable = Killable(make_project(), tmp_path_factory.mktemp("killable"))
    killable.keep("nothing")
    assert killable.run().status == 0
    parameters = killable.folder / "conf/base/parameters.yml"
    values = yaml.safe_load(parameters.read_text())
    parameters.write_text(yaml.safe_dump(values | {"seed": values["seed"] + 1}))
    killable.commit()
    killable.keep("other images")
    yield killable
    killable.close()


@pytest.fixture(scope="module")
def first_run(killable):
    return run_undisturbed(killable, "nothing")


@pytest.fixture(scope="module")
def next_run(killable):
    return run_undisturbed(killable, "other images")


def run_undisturbed(killable, start):
    killable.restore(start)
    old = outputs(killable)
    ended = killable.run()
    assert ended.status == 0, ended.output
    new = outputs(killable)
    for name in ("image_store", "mask_store", "manifest.parquet"):
        assert old.get(name) != new[name]
    whole = {name: {old.get(name), value} for name, value in new.items()}
    return Undisturbed(start, ended.seconds, ended.changes, killable.state(), whole)


def outputs(killable):
    """Hash of every output by its name."""
    data = killable.folder / DATA
    places = (path for layer in data.glob("0*") for path in layer.iterdir())
    return {path.name: hash_path(path) for path in places if not path.name.startswith(".")}


def faults(killable, undisturbed, **event):
    """Kill a run, or fill its disk, look at what is there, and run again: what is wrong."""
    state = undisturbed.state
    killable.restore(undisturbed.start)
    killed = killable.run(**event)
    place = f"{event} {killed.changes[-1:]}"
    if not ended_well(killed, event):
        return [f"{place}: ended with {killed.status}: {killed.output[-300:]}"]
    found = [
        f"{place}: {name} was half-written or gone"
        for name, values in undisturbed.whole.items()
        if outputs(killable).get(name) not in values
    ]
    again = killable.run()
    if again.status:
        return [*found, f"{place}: the next run failed: {again.output[-300:]}"]
    after = killable.state()
    wrong = [name for name in {*state, *after} if state.get(name) != after.get(name)]
    return found + ([f"{place}: differs: {sorted(wrong)[:9]}"] if wrong else [])


def ended_well(run, event):
    """Killed, or faster; on a full disk, with a line that says so, among what libraries say."""
    if "kill_after" in event:
        return run.status in (-9, 0)
    if event.get("what") != "fill":
        return run.status == -9
    return run.status == 11 and re.search(
        r"^Error: no space left to write .+: free", run.output, re.M
    )


def moments(changes):
    """Before every change, and in the middle of every write.

    Of what SQLite and DVC's cache do inside, which they promise to undo or redo, one in ten.
    """
    for number, line in enumerate(changes, 1):
        if number % 10 == 0 or not any(name in line for name in OTHERS):
            yield {"at": number}
            if line.split()[0] in WRITES:
                yield {"at": number, "what": "tear"}


def test_killed_or_out_of_space_where_it_is_most_delicate(killable, next_run):
    changes = next_run.changes
    events = [
        {"at": first(changes, r"rename .*\.replaced/image_store")},  # new and old changed places
        {"at": first(changes, r"write .*/rwlock$")},  # DVC's list of busy files is empty
        {"at": first(changes, r"write .*/image_store/shard"), "what": "fill"},
    ]
    found = [faults(killable, next_run, **event) for event in events]
    assert not list(chain.from_iterable(found))


def first(changes, pattern):
    """Number of the first change that a pattern fits."""
    return next(n for n, line in enumerate(changes, 1) if re.match(pattern, line))


def test_killed_at_every_change_of_a_file(killable, next_run):
    found = [faults(killable, next_run, **kill) for kill in moments(next_run.changes)]
    assert not list(chain.from_iterable(found))


def test_the_disk_is_full_from_any_write_on(killable, next_run):
    writes = [n for n, line in enumerate(next_run.changes, 1) if line.split()[0] in WRITES]
    chosen = random.Random(3).sample(writes, 30)
    found = [faults(killable, next_run, at=number, what="fill") for number in chosen]
    assert not list(chain.from_iterable(found))


@pytest.mark.parametrize("which", ["first_run", "next_run"])
def test_killed_at_thirty_random_moments(killable, which, request):
    undisturbed, delays = request.getfixturevalue(which), random.Random(7)
    seconds = undisturbed.seconds
    found = [
        faults(killable, undisturbed, kill_after=delays.uniform(0, seconds)) for _ in range(30)
    ]
    assert not list(chain.from_iterable(found))
