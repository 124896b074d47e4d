"""The project's folder on a volume: what a first start puts there, and an upgrade changes."""

import subprocess
import sys

import pytest

from dermaflow.deploy.seed_project import SEEDED, seed_project

TRAIN, MLFLOW = "conf/base/parameters_train.yml", "conf/base/mlflow.yml"


def make_image(folder, files):
    (folder / "src/dermaflow").mkdir(parents=True)
    (folder / "src/dermaflow/__init__.py").write_text(f"code = {folder.name!r}\n")
    (folder / "pyproject.toml").write_text("[project]\n")
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.fixture
def old(tmp_path):
    files = {TRAIN: "epochs: 1\n", MLFLOW: "images: 1\n", "conf/base/gone.yml": "a: 1\n"}
    return make_image(tmp_path / "old", {**files, ".dvc/config": "[core]\n"})


@pytest.fixture
def new(tmp_path):
    files = {TRAIN: "epochs: 2\n", MLFLOW: "images: 1\n", "conf/base/search.yml": "b: 1\n"}
    return make_image(tmp_path / "new", {**files, ".dvc/config": "[core]\n"})


@pytest.fixture
def project(tmp_path):
    (tmp_path / "project").mkdir()
    return tmp_path / "project"


def contents(folder):
    files = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    found = {path.relative_to(folder).as_posix(): path.read_text() for path in files}
    return {name: text for name, text in found.items() if not name.startswith(SEEDED)}


def code(project):
    return (project / "src/dermaflow/__init__.py").read_text()


def test_the_first_start_fills_an_empty_folder_and_the_next_one_changes_nothing(old, project):
    done = seed_project(old, project)
    assert done.first
    assert sorted(done.written) == sorted(contents(project))
    assert contents(project)[TRAIN] == "epochs: 1\n"
    assert code(project) == "code = 'old'\n"
    assert (project / "pyproject.toml").samefile(old / "pyproject.toml")
    before = {path: path.lstat().st_mtime_ns for path in project.rglob("*")}
    again = seed_project(old, project)
    assert not again.first
    assert not again.upgraded
    assert {path: path.lstat().st_mtime_ns for path in project.rglob("*")} == before


def test_an_upgrade_brings_code_and_renews_what_nobody_has_changed(old, new, project):
    seed_project(old, project)
    done = seed_project(new, project)
    assert done.upgraded
    assert (sorted(done.written), done.removed, done.kept) == (
        sorted([TRAIN, "conf/base/search.yml"]),
        ["conf/base/gone.yml"],
        [],
    )
    assert code(project) == "code = 'new'\n"
    assert contents(project) == {
        name: text for name, text in contents(new).items() if name.startswith(("conf", ".dvc"))
    }
    seed_project(old, project)  # and back
    assert contents(project)[TRAIN] == "epochs: 1\n"
    assert code(project) == "code = 'old'\n"


def test_an_upgrade_keeps_what_somebody_has_changed_added_or_removed(old, new, project):
    seed_project(old, project)
    theirs = {
        TRAIN: "epochs: 90\n",  # the image's is another one now
        MLFLOW: "images: 7\n",  # the image's is as it was
        "conf/base/gone.yml": "a: 2\n",
        "conf/hospital/parameters.yml": "seed: 3\n",
        "data/01_raw/list.csv": "image\n",
    }
    for name, text in theirs.items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(text)
    (project / ".dvc/config").unlink()
    done = seed_project(new, project)
    assert done.kept == [TRAIN]
    assert done.removed == []
    expected = {**theirs, "conf/base/search.yml": "b: 1\n", f"{TRAIN}.new": "epochs: 2\n"}
    assert contents(project) == expected
    assert not seed_project(new, project).upgraded


def test_files_that_were_there_before_the_first_start_stay(old, project):
    (project / "conf/base").mkdir(parents=True)
    (project / TRAIN).write_text("epochs: 90\n")
    (project / "src").mkdir()
    (project / "src/dermaflow").mkdir()
    done = seed_project(old, project)
    assert (project / TRAIN).read_text() == "epochs: 90\n"
    assert done.kept == [TRAIN]
    assert not (project / "src/dermaflow").is_symlink()


def test_a_start_that_was_killed_is_made_good_by_the_next(old, project):
    seed_project(old, project)
    (project / SEEDED).unlink()  # it is written last
    (project / MLFLOW).unlink()
    seed_project(old, project)
    assert contents(project)[MLFLOW] == "images: 1\n"
    assert not list(project.rglob("*.new"))


def test_several_starts_at_once_fill_it_once(old, project):
    script = (
        "import sys; from pathlib import Path; "
        "from dermaflow.deploy.seed_project import seed_project; "
        "print(seed_project(Path(sys.argv[1]), Path(sys.argv[2])).first)"
    )
    command = [sys.executable, "-c", script, str(old), str(project)]
    starts = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    said = [start.communicate()[0].strip() for start in starts]
    assert sorted(said) == ["False", "False", "True"]
    assert [start.returncode for start in starts] == [0, 0, 0]


def test_a_folder_that_cannot_be_written_is_named(old, tmp_path):
    (tmp_path / "project").write_text("a file")
    with pytest.raises(OSError, match=str(tmp_path / "project")):
        seed_project(old, tmp_path / "project")
