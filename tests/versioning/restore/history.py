"""A git repository with DVC, of two commits, each with code, raw data and outputs of its own."""

import shutil
import subprocess
from dataclasses import dataclass
from typing import Any

from dvc.repo import Repo

from dermaflow.versioning.dvc.cache import DvcCache
from dermaflow.versioning.dvc.commit import output_entries, save_outputs
from dermaflow.versioning.dvc.lock import lock_items, write_locks
from dermaflow.versioning.stages.fingerprint import hash_path

CATALOG = "stage_records: {filepath: records}\n"
ENV, RAW = "base", "data/raw"
A, B, PICTURES = "data/a.txt", "data/b.json", "data/pictures"
STAGES = f"""
stages:
  ingest:
    cmd: "true"
    deps: [src/a.py, {RAW}]
    outs: [{A}, {PICTURES}]
  validate:
    cmd: "true"
    deps: [{A}]
    outs: [{B}]
"""


@dataclass(frozen=True)
class State:
    """What one commit is: its id, its entries of ``dvc.lock``, its raw data, all bytes of data."""

    commit: str
    entries: dict[str, Any]
    raw: dict[str, str]
    contents: dict[str, str]


class History:
    """The repository, at the newer of its states, on the branch ``main``.

    Args:
        folder: an empty one, or a copy of another history's.
        states: those of the history that was copied.
    """

    def __init__(self, folder, states=None):
        self.folder = folder
        self.states = states or self._commit_states()

    def copy(self, folder):
        """A copy, which may be changed."""
        return History(shutil.copytree(self.folder, folder), self.states)

    def git(self, *arguments):
        """Run git; gives what it says."""
        identity = ("-c", "user.name=t", "-c", "user.email=t@example.org")
        command = ["git", "-C", str(self.folder), *identity, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def leave_git(self):
        """Have DVC do without git, as in a container."""
        shutil.rmtree(self.folder / ".git")
        with (self.folder / ".dvc/config").open("a") as config:
            config.write("[core]\n    no_scm = true\n")

    def write(self, text):
        """Write all data, each file with a text that tells what it is of."""
        for name in (A, B, f"{PICTURES}/1.png", f"{PICTURES}/2.png", f"{RAW}/list.csv"):
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True)  # DVC may have made it a read-only link
            path.write_text(f"{name}: {text}\n")

    def contents(self):
        """Text of all data files."""
        data = self.folder / "data"
        files = [path for path in data.rglob("*") if path.is_file() and path.suffix != ".dvc"]
        return {
            path.relative_to(self.folder).as_posix(): path.read_text()
            for path in files
            if path.name != ".gitignore"
        }

    def object(self, md5, name=""):
        """A file of an output in DVC's cache."""
        (found,) = [o for o in DvcCache.of(self.folder).objects(md5) if o.name == name]
        return found

    def _commit_states(self):
        self.git("init", "--quiet", "--initial-branch", "main")
        (self.folder / "src").mkdir()
        (self.folder / "dvc.yaml").write_text(STAGES)
        (self.folder / ".gitignore").write_text("/data/**\n!/data/*.dvc\n/records\n")
        (self.folder / "conf/base").mkdir(parents=True)
        (self.folder / "conf/base/catalog.yml").write_text(CATALOG)
        states = {}
        with Repo.init(str(self.folder)) as repo:
            for name in ("old", "new"):
                self.write(name)
                (self.folder / "src/a.py").write_text(f"name = {name!r}\n")
                repo.add(str(self.folder / RAW))
                states[name] = self._commit_state(name)
        return states

    def _commit_state(self, name):
        outputs = output_entries(self.folder, ENV)
        save_outputs(self.folder, ENV, outputs)
        deps = {"ingest": ["src/a.py", RAW], "validate": [A]}
        entries = {
            stage: entry
            | {"deps": lock_items({path: hash_path(self.folder / path) for path in deps[stage]})}
            for stage, entry in outputs.items()
        }
        write_locks(self.folder, ENV, entries)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", name)
        raw = {RAW: hash_path(self.folder / RAW)}
        return State(self.git("rev-parse", "HEAD"), entries, raw, self.contents())
