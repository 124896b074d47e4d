"""What a container says of its code, which has no repository to look it up in."""

import shutil
import subprocess

import pytest

from dermaflow.versioning import image_version as stamp
from dermaflow.versioning.git import apply_patch, code_version, uncommitted_patch

HASH = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def image(tmp_path, monkeypatch):
    """The folder in the image, of a build that said all that there is to say."""
    folder = tmp_path / "image"
    (folder / "src/dermaflow").mkdir(parents=True)
    (folder / "conf/base").mkdir(parents=True)
    (folder / "conf/base/parameters.yml").write_text("seed: 1\n")
    (folder / "pyproject.toml").write_text("[project]\n")
    for name, value in {"COMMIT": HASH, "DIRTY": "false", "IMAGE": str(folder)}.items():
        monkeypatch.setenv(f"DERMAFLOW_{name}", value)
    return folder


@pytest.fixture
def project(image, tmp_path):
    """A volume that was filled from it."""
    folder = tmp_path / "project"
    shutil.copytree(image / "conf", folder / "conf")
    (folder / "src").mkdir()
    (folder / "src/dermaflow").symlink_to(image / "src/dermaflow")
    (folder / "pyproject.toml").symlink_to(image / "pyproject.toml")
    return folder


def test_commit_and_flag_are_those_of_the_build(project, monkeypatch):
    assert code_version(project) == (HASH, False)
    monkeypatch.setenv(stamp.DIRTY, "true")
    assert code_version(project) == (HASH, True)


@pytest.mark.parametrize("flag", ["", "False", "unknown"])
def test_what_the_build_did_not_say_is_not_known_and_never_clean(project, monkeypatch, flag):
    monkeypatch.setenv(stamp.DIRTY, flag)
    assert code_version(project) == (HASH, None)


@pytest.mark.parametrize("commit", ["", "v1.2", HASH[:10]])
def test_what_is_no_commit_is_none(project, monkeypatch, commit):
    monkeypatch.setenv(stamp.COMMIT, commit)
    assert code_version(project) == (None, None)


def change(project):
    (project / "conf/base/parameters.yml").write_text("seed: 2\n")


def add(project):
    (project / "conf/hospital").mkdir()
    (project / "conf/hospital/parameters.yml").write_text("seed: 3\n")


def remove(project):
    (project / "conf/base/parameters.yml").unlink()


def track_raw_data(project):
    (project / "data/01_raw").mkdir(parents=True)
    (project / "data/01_raw/list.csv.dvc").write_text("outs: []\n")


@pytest.mark.parametrize("differ", [change, add, remove, track_raw_data])
@pytest.mark.parametrize("flag", ["false", ""])
def test_settings_of_the_volume_that_are_not_the_images_are_changes(
    project, monkeypatch, flag, differ
):
    monkeypatch.setenv(stamp.DIRTY, flag)
    differ(project)
    assert code_version(project) == (HASH, True)


def test_the_patch_brings_the_commit_to_the_volumes_settings(project, image, tmp_path):
    checkout = tmp_path / "checkout"
    shutil.copytree(image, checkout)
    for name, content in {"a.yml": "a: 1\nb: 2", "crlf.yml": "a: 1\r\nb: 2\r\n"}.items():
        for folder in (image, checkout, project):
            (folder / "conf/base" / name).write_bytes(content.encode())
    assert uncommitted_patch(project) == b""
    add(project)
    remove(project)
    track_raw_data(project)
    (project / "conf/base/a.yml").write_bytes("a: 1\nb: zwölf".encode())
    (project / "conf/base/crlf.yml").write_bytes(b"a: 1\r\nb: 3\r\n")
    (project / "conf/base/empty.yml").touch()
    (project / "conf/base/a.yml.new").write_text("the image's\n")
    patch = uncommitted_patch(project)
    subprocess.run(["git", "init", "--quiet", checkout], check=True)
    apply_patch(checkout, patch)
    assert stamp._settings(checkout) == stamp._settings(project)
    assert (checkout / "data/01_raw/list.csv.dvc").exists()
    assert not (checkout / "conf/base/parameters.yml").exists()


def test_there_is_no_patch_where_the_image_itself_may_have_changes(project, monkeypatch):
    change(project)
    assert uncommitted_patch(project).endswith(b"-seed: 1\n+seed: 2\n")
    for flag in ("true", ""):
        monkeypatch.setenv(stamp.DIRTY, flag)
        assert uncommitted_patch(project) == b""


def test_secrets_and_what_runs_write_are_no_changes(project):
    for name in ("conf/local/credentials.yml", "conf/base/dvc.lock", ".dvc/tmp/x", "logs/a.dvc"):
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text("x")
    assert code_version(project) == (HASH, False)


def test_the_image_says_nothing_of_code_that_is_not_its_own(project, tmp_path, monkeypatch):
    assert code_version(tmp_path) == (None, None)
    (project / "src/dermaflow").unlink()
    (project / "src/dermaflow").mkdir()
    assert code_version(project) == (None, None)
    monkeypatch.delenv(stamp.IMAGE)
    assert code_version(project) == (None, None)


def test_a_repository_goes_first(project):
    (project / ".git").mkdir()
    assert code_version(project) == (None, None)  # git cannot read that one
