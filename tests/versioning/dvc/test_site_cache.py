"""Where DVC keeps what it knows of files; that DVC follows is in test_internals.py."""

import shutil
import stat

import pytest
from dvc.config import Config

from dermaflow.versioning.dvc.site_cache import settle_site_cache


@pytest.fixture
def dvc_folder(tmp_path):
    folder = tmp_path / "project/.dvc"
    folder.mkdir(mode=0o755, parents=True)
    return folder


def chosen(folder):
    """What DVC reads."""
    return Config(str(folder))["core"].get("site_cache_dir")


def mode(folder):
    return stat.S_IMODE((folder / "site-cache").stat().st_mode)


def test_the_folder_is_the_projects_own_and_closed_to_others(dvc_folder):
    settle_site_cache(dvc_folder, None)
    assert chosen(dvc_folder) == str(dvc_folder / "site-cache")
    assert mode(dvc_folder) == 0o700
    (dvc_folder / "site-cache").chmod(0o777)
    before = (dvc_folder / "config.local").stat()
    settle_site_cache(dvc_folder, chosen(dvc_folder))
    assert mode(dvc_folder) == 0o700
    assert (dvc_folder / "config.local").stat() == before  # not written again


def test_a_group_that_may_write_to_the_repository_shares_it(dvc_folder):
    dvc_folder.chmod(0o775)
    settle_site_cache(dvc_folder, None)
    assert mode(dvc_folder) == 0o770


def test_a_copied_project_gets_a_folder_of_its_own(dvc_folder, tmp_path):
    settle_site_cache(dvc_folder, None)
    copied = shutil.copytree(dvc_folder, tmp_path / "copied, with # and 50%/.dvc")
    settle_site_cache(copied, chosen(copied))
    assert chosen(copied) == str(copied / "site-cache")
    assert chosen(dvc_folder) == str(dvc_folder / "site-cache")


def test_a_folder_that_somebody_has_chosen_stays(dvc_folder):
    settle_site_cache(dvc_folder, "/scratch/dvc")
    assert list(dvc_folder.iterdir()) == []


def test_other_settings_stay_as_they_are(dvc_folder):
    others = (
        "# ours\n[core]\n    remote = store  # near\n['remote \"store\"']\n    url = s3://%s/x\n"
    )
    (dvc_folder / "config.local").write_text(others)
    (dvc_folder / "config.local").chmod(0o600)  # it may hold credentials
    settle_site_cache(dvc_folder, None)
    text = (dvc_folder / "config.local").read_text()
    kept = [line for line in text.splitlines() if "site_cache_dir" not in line]
    assert [line.split() for line in kept] == [line.split() for line in others.splitlines()]
    assert stat.S_IMODE((dvc_folder / "config.local").stat().st_mode) == 0o600
