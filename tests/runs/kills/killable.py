"""A project whose runs can be killed at any change of a file, many times a minute."""

import hashlib
import re
import shutil
from pathlib import Path

import yaml

from forks.forks import KilledForks

RUN = ("run", "--env", "smoke", "--pipelines", "ingest,validate")
DATA = Path("data/smoke")
LOCK = Path("conf/smoke/dvc.lock")
WRITTEN = (DATA, Path("mlflow"), Path(".dvc"), LOCK)  # where a run of these stages writes
# What differs from run to run, as it should: times, inodes, process ids; and the notes of runs that
# were killed, which the next one that has anything to do closes.
VOLATILE = re.compile(r"hashes\.json|(ingest|validate|validate_drawing)\.(lock|users)")
OPEN_RUNS = "open_runs"  # folder of the notes of killed runs
OF_DVC = re.compile(r"\.[\w-]{22}\.tmp")  # stay for a day: another process may be writing them

# What takes time and writes no other files; and a monitor that would write at any time.
SETTINGS = {
    "conf/smoke/parameters_duplicates.yml": {"duplicates": {"candidates": 3}},
    "conf/smoke/mlflow.yml": {"system_metrics_interval": 0},
}


class Killable:
    """A small project and the process that forks its runs.

    Args:
        project: a fresh one; its settings are changed.
        scratch: an empty folder, for what is kept outside the project.
    """

    def __init__(self, project, scratch):
        self.folder, self._scratch, self._project = project.folder, scratch, project
        for name, values in SETTINGS.items():
            (self.folder / name).write_text(yaml.safe_dump(values))
        project.run("kedro", "dvc-yaml")
        self.commit()
        environment = project.environment | {"PYTHONPATH": str(self.folder / "src")}
        self._forks = KilledForks(self.folder, WRITTEN, environment, scratch)

    def close(self):
        self._forks.close()

    def commit(self):
        self._project.run("git", "add", "--all")
        self._project.run("git", "commit", "--quiet", "--message", "changed")

    def run(self, *arguments, **event):
        """Run kedro; see ``KilledForks.run``."""
        return self._forks.run("kedro", *(arguments or RUN), **event)

    def keep(self, name):
        """Keep what runs have written, for ``restore``."""
        self._copy(self.folder, self._scratch / name)

    def restore(self, name):
        """Bring back what was kept under a name."""
        self._copy(self._scratch / name, self.folder)

    @staticmethod
    def _copy(source, target):
        for path in WRITTEN:
            if (target / path).is_dir():
                shutil.rmtree(target / path)
            (target / path).unlink(missing_ok=True)
            (target / path).parent.mkdir(parents=True, exist_ok=True)
            if (source / path).is_dir():
                shutil.copytree(source / path, target / path)
            elif (source / path).exists():
                shutil.copy2(source / path, target / path)

    def state(self):
        """Digest of every file that should be the same after every run, and leftovers by name."""
        files = [self.folder / LOCK]
        for root in (DATA, Path(".dvc/cache")):
            files += (path for path in (self.folder / root).rglob("*") if path.is_file())
        digests = {
            path.relative_to(self.folder).as_posix(): hashlib.md5(path.read_bytes()).hexdigest()
            for path in files
            if path.exists()
            and not VOLATILE.fullmatch(path.name)
            and not OF_DVC.fullmatch(path.name)
            and OPEN_RUNS not in path.parts
        }
        # A workshop that is empty may stay until its target is written again; others may not.
        hidden = (path for path in (self.folder / DATA).rglob(".*") if path.is_dir())
        folders = [path for path in hidden if any(path.iterdir())]
        return digests | {path.relative_to(self.folder).as_posix(): "folder" for path in folders}
