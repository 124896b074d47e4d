"""``kedro restore`` in a small git and DVC repository, of runs in a real store.

What git and DVC do for it is tested in ``tests/versioning/restore``.
"""

import json
import shutil
import subprocess

import pytest
import yaml
from dvc.repo import Repo
from mlflow.entities import RunTag

from dermaflow.versioning.dvc.cache import DvcCache
from dermaflow.versioning.stages.fingerprint import hash_path

ROWS = "data/smoke/rows.json"
PARAMETERS = "conf/smoke/parameters_train.yml"
IGNORED = "/data\n/logs\n/mlflow\n/conf/local\n"
NEW = "conf/smoke/why.txt"
PATCH = f"""\
diff --git a/{NEW} b/{NEW}
new file mode 100644
--- /dev/null
+++ b/{NEW}
@@ -0,0 +1 @@
+tried out
"""


class Repository:
    """A project with one stage in git and DVC, and runs of it."""

    def __init__(self, folder, client):
        self.folder, self.client = folder, client

    def git(self, *arguments):
        author = ("-c", "user.name=test", "-c", "user.email=test@example.org")
        command = ["git", "-C", str(self.folder), *author, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def commit(self):
        """Commit all; gives the commit."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "as it is")
        return self.git("rev-parse", "HEAD")

    def write(self, rows, epochs):
        """Write what a run makes and the parameters that it is made with."""
        (self.folder / ROWS).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / ROWS).write_text(json.dumps(rows))
        (self.folder / PARAMETERS).write_text(f"train: {{epochs: {epochs}}}\n")

    def cache(self, path):
        """Where DVC's cache holds what lies at a path."""
        md5 = hash_path(self.folder / path)
        return DvcCache.of(self.folder).folder / md5[:2] / md5[2:]

    def state(self):
        """Rows, parameters and branch that are there."""
        files = [(self.folder / path).read_text() for path in (ROWS, PARAMETERS)]
        return *files, self.git("branch", "--show-current")

    def log(self, commit, folder, outputs=(ROWS,)):
        """Make a run that says it made what lies there, with a change; gives its id."""
        experiment = self.client.get_experiment_by_name("dermaflow-base").experiment_id
        run_id = self.client.create_run(experiment).info.run_id
        tags = {"env": "smoke", "command": "kedro run -e smoke", "mlflow.source.git.commit": commit}
        self.client.log_batch(run_id, tags=[RunTag(*tag) for tag in tags.items()])
        if outputs:
            hashes = {path: hash_path(self.folder / path) for path in outputs}
            outs = [{"path": path, "hash": "md5", "md5": md5} for path, md5 in hashes.items()]
            entry = {"cmd": "true", "deps": [], "params": {}, "outs": outs}
            contents = {"ingest.json": json.dumps(entry), "uncommitted.patch": PATCH}
            for name, content in contents.items():
                (folder / name).write_text(content)
                self.client.log_artifact(run_id, str(folder / name), "versions")
        return run_id


@pytest.fixture(scope="module")
def original(tmp_path_factory, copy_project, client):
    """A repository whose rows and parameters have changed since its run, and the run's id."""
    folder = copy_project(tmp_path_factory.mktemp("original"), "base", "smoke")
    for file in folder.glob("conf/**/dvc.yaml"):
        file.unlink()
    stage = {"cmd": "true", "wdir": "../..", "outs": [ROWS]}
    (folder / "conf/smoke/dvc.yaml").write_text(yaml.safe_dump({"stages": {"ingest": stage}}))
    (folder / ".gitignore").write_text(IGNORED)
    repository = Repository(folder, client)
    repository.git("init", "--quiet", "--initial-branch", "main")
    Repo.init(str(folder)).close()
    repository.write(["of the run"], epochs=2)
    run_id = repository.log(repository.commit(), tmp_path_factory.mktemp("entry"))
    cached = repository.cache(ROWS)
    cached.parent.mkdir(parents=True)
    shutil.copy(folder / ROWS, cached)
    repository.write(["of today"], epochs=3)
    repository.commit()
    return folder, run_id


@pytest.fixture
def repository(original, tmp_path, client, monkeypatch):
    """A copy of the repository, which a test may change."""
    monkeypatch.delenv("KEDRO_ENV", raising=False)
    folder, run_id = original
    shutil.copytree(folder, tmp_path / "copy", symlinks=True)
    repository = Repository(tmp_path / "copy", client)
    repository.run_id = run_id
    return repository


@pytest.fixture
def restore(kedro, repository):
    """Give arguments to ``kedro restore`` in the repository; gives click's result."""
    return lambda *arguments: kedro("restore", *arguments, folder=repository.folder)


RUN = ('["of the run"]', "train: {epochs: 2}\n")
TODAY = ('["of today"]', "train: {epochs: 3}\n")


def test_code_and_data_of_a_run_come_back_and_leave_again(repository, restore):
    done = restore(repository.run_id[:12], "--env", "smoke")
    assert done.exit_code == 0, done.output
    assert repository.state() == (*RUN, "")
    assert (repository.folder / NEW).read_text() == "tried out\n"
    commit = repository.git("rev-parse", "main~1")[:10]
    for line in (
        f"run: {repository.run_id} (",
        "kept in DVC's cache: what was there of ingest\n",
        f"code and parameters: {commit} is checked out, with the changes it had\n",
        "made by: kedro run -e smoke\n",
        "outputs: 1 of 1 are those of the run\n",
    ):
        assert line in done.output
    done = restore("--back")
    assert done.stdout == "code, parameters and data are again those of main\n"
    assert repository.state() == (*TODAY, "main")
    assert not (repository.folder / NEW).exists()


def test_a_restore_that_git_refuses_is_none_to_go_back_from(repository, restore, tmp_path):
    notes = repository.folder / "notes.txt"
    repository.git("checkout", "--quiet", "--detach")
    notes.write_text("of the run\n")
    repository.git("add", "--force", "notes.txt")
    repository.git("commit", "--quiet", "--message", "notes")
    run_id = repository.log(repository.git("rev-parse", "HEAD"), tmp_path)
    repository.git("checkout", "--quiet", "main")
    notes.write_text("of today\n")
    done = restore(run_id, "--env", "smoke")
    assert done.exit_code == 10
    assert "git checkout refused" in done.stderr
    assert "no run was restored here" in restore("--back").stderr
    assert notes.read_text() == "of today\n"


def test_data_alone_come_back_where_changes_of_ones_own_stay(repository, restore):
    path = repository.folder / PARAMETERS
    path.write_text("train: {epochs: 9}\n")
    done = restore(repository.run_id, "--env", "smoke")
    assert done.exit_code == 10
    assert "git stash" in done.stderr
    assert repository.state() == (TODAY[0], "train: {epochs: 9}\n", "main")
    done = restore(repository.run_id, "--env", "smoke", "--data-only")
    assert done.exit_code == 0, done.output
    assert "code and parameters" not in done.output
    assert not (repository.folder / NEW).exists()
    assert repository.state() == (RUN[0], "train: {epochs: 9}\n", "main")


def test_outputs_that_are_nowhere_are_named_and_counted(repository, restore, tmp_path):
    (repository.folder / ROWS).write_text('["lost"]')
    run_id = repository.log(repository.git("rev-parse", "HEAD"), tmp_path)
    (repository.folder / ROWS).write_text('["of today"]')
    done = restore(run_id, "--env", "smoke")
    assert done.exit_code == 10
    assert "outputs: 0 of 1 are those of the run\n" in done.output
    assert f"and there is no remote to fetch from (`dvc remote add --default`): {ROWS};" in (
        done.stderr
    )


def test_a_run_that_finished_no_stage_changes_nothing(repository, restore, tmp_path):
    run_id = repository.log(repository.git("rev-parse", "HEAD~1"), tmp_path, outputs=())
    done = restore(run_id, "--env", "smoke")
    assert done.exit_code == 10
    assert "the run names no outputs" in done.stderr
    assert repository.state() == (*TODAY, "main")
    done = restore("--back")
    assert done.exit_code == 10
    assert "no run was restored here" in done.stderr


@pytest.mark.parametrize("arguments", [(), ("latest", "--back")])
def test_either_a_run_or_the_way_back_is_asked_for(kedro, arguments):
    done = kedro("restore", *arguments)
    assert done.exit_code == 2
    assert "give either a run or --back" in done.stderr


def test_an_unknown_run_is_an_error_of_its_own(kedro):
    done = kedro("restore", "zzzz")
    assert done.exit_code == 13
    assert done.stderr.splitlines()[-1].startswith("Error: no run goes by 'zzzz'")
