"""``kedro restore`` in a real git and DVC repository."""

import re
import subprocess

import pytest

from dermaflow.versioning.stages.fingerprint import hash_path

STAGES = ("kedro", "run", "--env", "smoke", "--pipelines", "ingest,validate")
MANIFEST = "data/smoke/03_primary/manifest.parquet"


@pytest.fixture(scope="module")
def two_runs(make_project):
    """Two runs: of the files, and of another split with an uncommitted change of code."""
    project = make_project()
    project.run(*STAGES)
    project.first = (project.folder / MANIFEST).read_bytes()
    project.run("git", "add", "--all")
    project.run("git", "commit", "--quiet", "--message", "with its dvc.lock")
    code = project.folder / "src/dermaflow/data/validation/quarantine.py"
    code.write_text(f"{code.read_text()}\n# tried out\n")
    (project.folder / "conf/smoke/why.txt").write_text("a larger test split\n")
    project.run(*STAGES, "--params", "validate.split.test=0.3")
    project.second = (project.folder / MANIFEST).read_bytes()
    assert project.first != project.second
    project.run("git", "checkout", "--quiet", "src")
    (project.folder / "conf/smoke/why.txt").unlink()
    return project


@pytest.fixture
def project(two_runs, tmp_path):
    """A copy of them, which a test may change."""
    return two_runs.copy(tmp_path / "project", with_runs=True)


@pytest.mark.slow
def test_changes_of_ones_own_are_not_mixed_with_the_runs(project):
    path = project.folder / "conf/base/parameters.yml"
    path.write_text(f"{path.read_text()}# mine\n")
    done = project.run("kedro", "restore", "latest", "--env", "smoke", check=False)
    assert done.returncode == 10
    assert "git stash" in done.stdout.strip().splitlines()[-1]
    assert path.read_text().endswith("# mine\n")
    project.run("git", "checkout", "--quiet", "conf")


def test_a_run_of_the_files_comes_back_clean(project):
    branch = project.run("git", "branch", "--show-current").stdout
    output = project.run("kedro", "restore", "latest~1", "--env", "smoke").stdout
    assert re.search(r"^outputs: (\d+) of \1 are those of the run$", output, re.MULTILINE)
    assert (project.folder / MANIFEST).read_bytes() == project.first
    status = project.run("dvc", "status", "conf/smoke/dvc.yaml:validate").stdout
    assert "up to date" in status
    skipped = project.run(*STAGES).stdout
    assert "ingest: unchanged, skipped" in skipped
    assert "validate: unchanged, skipped" in skipped

    assert "`kedro restore --back` undoes this" in output
    notes = project.folder / "README.md"
    notes.write_text("written meanwhile")
    project.run("kedro", "restore", "--back")
    assert project.run("git", "branch", "--show-current").stdout == branch
    assert project.run("git", "status", "--porcelain").stdout == "?? README.md\n"
    assert notes.read_text() == "written meanwhile"
    notes.unlink()
    assert (project.folder / MANIFEST).read_bytes() == project.second


def test_a_run_with_overrides_and_uncommitted_code_comes_back_too(project):
    output = project.run("kedro", "restore", "latest", "--env", "smoke").stdout
    assert "with the changes it had" in output
    assert "--params validate.split.test=0.3" in output
    assert (project.folder / MANIFEST).read_bytes() == project.second
    code = project.folder / "src/dermaflow/data/validation/quarantine.py"
    assert code.read_text().endswith("# tried out\n")
    assert (project.folder / "conf/smoke/why.txt").read_text() == "a larger test split\n"
    again = project.run(*STAGES, "--params", "validate.split.test=0.3").stdout
    assert "validate: unchanged, skipped" in again

    project.run("kedro", "restore", "--back")
    assert not (project.folder / "conf/smoke/why.txt").exists()
    assert not code.read_text().endswith("# tried out\n")
    assert project.run("git", "status", "--porcelain").stdout == ""
    done = project.run("kedro", "restore", "--back", check=False)
    assert done.returncode == 10
    assert "no run was restored here" in done.stdout


@pytest.mark.slow
def test_restores_are_undone_one_by_one_and_uncached_outputs_are_kept(project):
    cache = project.folder / ".dvc/cache/files/md5"
    value = hash_path(project.folder / MANIFEST)
    (cache / value[:2] / value[2:]).unlink()
    output = project.run("kedro", "restore", "latest~1", "--env", "smoke").stdout
    assert "kept in DVC's cache: what was there of validate" in output
    project.run("kedro", "restore", "latest", "--env", "smoke", "--data-only")
    assert (project.folder / MANIFEST).read_bytes() == project.second
    project.run("kedro", "restore", "--back")
    assert (project.folder / MANIFEST).read_bytes() == project.first
    project.run("kedro", "restore", "--back")
    assert (project.folder / MANIFEST).read_bytes() == project.second
    assert project.run("git", "status", "--porcelain").stdout == ""


@pytest.mark.slow
def test_a_way_back_that_lacks_data_says_so_and_can_be_repeated(project):
    value = hash_path(project.folder / MANIFEST)
    entry = project.folder / ".dvc/cache/files/md5" / value[:2] / value[2:]
    project.run("kedro", "restore", "latest~1", "--env", "smoke")
    away = entry.rename(project.folder / ".dvc/tmp/away")
    done = project.run("kedro", "restore", "--back", check=False)
    assert done.returncode == 10
    assert MANIFEST in done.stdout.strip().splitlines()[-1]
    away.rename(entry)
    project.run("kedro", "restore", "--back")
    assert (project.folder / MANIFEST).read_bytes() == project.second
    assert project.run("git", "status", "--porcelain").stdout == ""


@pytest.mark.slow
def test_what_is_missing_is_named(project):
    project.run("kedro", "restore", "latest~1", "--env", "smoke")
    md5 = subprocess.run(
        ["md5sum", MANIFEST], cwd=project.folder, capture_output=True, text=True, check=True
    ).stdout.split()[0]
    (project.folder / ".dvc/cache/files/md5" / md5[:2] / md5[2:]).unlink()
    (project.folder / MANIFEST).unlink()
    done = project.run("kedro", "restore", "latest~1", "--env", "smoke", check=False)
    assert done.returncode == 10
    back, wanted = map(
        int, re.search(r"^outputs: (\d+) of (\d+) ", done.stdout, re.MULTILINE).groups()
    )
    assert back == wanted - 1
    last = done.stdout.strip().splitlines()[-1]
    assert MANIFEST in last
    assert "image_store" not in last


def test_an_unknown_run_is_an_error_of_its_own(project):
    done = project.run("kedro", "restore", "0123456789", "--env", "smoke", check=False)
    assert done.returncode == 13
    assert "Traceback" not in done.stdout
