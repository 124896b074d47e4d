"""``kill -9`` at any write of ingest and validate: readers see whole outputs, the next run mends.

The project has run before, on other images, so that every output is replaced. Between two changes
of files nothing on disk changes, so that a kill before every change is one at every moment; one in
the middle of a write is tried as well.
"""

import random
import shutil
import sys
from itertools import chain

import pytest
import yaml

from dermaflow.versioning.fingerprint import hash_path
from runs.kills.killable import DATA, Killable

OTHERS = ("mlflow.db", ".dvc/cache", ".tmp")
WRITES = ("write", "pwrite64", "writev", "sendfile", "sendfile64")

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux") or shutil.which("cc") is None,
    reason="needs a C compiler and Linux's way to preload a library",
)


@pytest.fixture(scope="module")
def killable(make_project, tmp_path_factory):
    """A project in the state before the run that is to be killed, and forks of it."""
    killable = Killable(make_project(), tmp_path_factory.mktemp("killable"))
    assert killable.run(warm=True).status == 0
    parameters = killable.folder / "conf/base/parameters.yml"
    values = yaml.safe_load(parameters.read_text())
    parameters.write_text(yaml.safe_dump(values | {"seed": values["seed"] + 1}))
    killable.commit()
    killable.keep()
    yield killable
    killable.close()


@pytest.fixture(scope="module")
def undisturbed(killable):
    """What a run changes, and what it leaves, if nothing stops it; the old outputs and the new."""
    old = outputs(killable)
    ended = killable.run()
    assert ended.status == 0, ended.output
    new = outputs(killable)
    assert all(old[name] != new[name] for name in ("image_store", "mask_store", "manifest.parquet"))
    return ended.changes, killable.state(), {name: {old[name], new[name]} for name in old}


def outputs(killable):
    """Hash of every output by its name."""
    data = killable.folder / DATA
    places = (path for layer in data.glob("0*") for path in layer.iterdir())
    return {path.name: hash_path(path) for path in places if not path.name.startswith(".")}


def faults(killable, undisturbed, **kill):
    """Kill a run, look at what is there, run again: what is not as it should be."""
    _, state, whole = undisturbed
    killable.restore()
    killed = killable.run(**kill)
    place = f"{kill} {killed.changes[-1:]}"
    if killed.status != -9:
        return [f"{place}: not killed but ended with {killed.status}"]
    found = [
        f"{place}: {name} was half-written or gone"
        for name, values in whole.items()
        if outputs(killable).get(name) not in values
    ]
    again = killable.run()
    if again.status:
        return [*found, f"{place}: the next run failed: {again.output[-300:]}"]
    after = killable.state()
    wrong = [name for name in {*state, *after} if state.get(name) != after.get(name)]
    return found + ([f"{place}: differs: {sorted(wrong)[:9]}"] if wrong else [])


def moments(changes):
    """Before every change, and in the middle of every write.

    Of what SQLite and DVC's cache do inside, which they promise to undo or redo, one in ten.
    """
    for number, line in enumerate(changes, 1):
        if number % 10 == 0 or not any(name in line for name in OTHERS):
            yield {"kill_at": number}
            if line.split()[0] in WRITES:
                yield {"kill_at": number, "torn": True}


def test_killed_at_a_rename_or_anywhere_else(killable, undisturbed):
    changes = undisturbed[0]
    renames = [{"kill_at": n} for n, line in enumerate(changes, 1) if is_rename_of_ours(line)]
    others = random.Random(5).sample(list(moments(changes)), 8)
    found = [faults(killable, undisturbed, **kill) for kill in renames + others]
    assert not list(chain.from_iterable(found))


def is_rename_of_ours(line):
    return line.startswith("rename") and line.split()[1].startswith(str(DATA))


@pytest.mark.slow
def test_killed_at_every_change_of_a_file(killable, undisturbed):
    found = [faults(killable, undisturbed, **kill) for kill in moments(undisturbed[0])]
    assert not list(chain.from_iterable(found))


@pytest.mark.slow
def test_killed_at_thirty_random_moments(killable, undisturbed):
    delays = random.Random(7)
    found = [faults(killable, undisturbed, kill_after=delays.uniform(0, 2)) for _ in range(30)]
    assert not list(chain.from_iterable(found))
