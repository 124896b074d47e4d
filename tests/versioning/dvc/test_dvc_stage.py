"""Whose stage a process is, as DVC's variables say."""

import pytest

from dermaflow.versioning.dvc.dvc_stage import dvc_root, is_dvc_stage


@pytest.fixture
def project(tmp_path):
    """A project in a repository of DVC's, beside another one."""
    for folder in ("repository/.dvc", "repository/project", "outer/.dvc"):
        (tmp_path / folder).mkdir(parents=True)
    return tmp_path / "repository/project"


@pytest.mark.parametrize(
    ("stage", "root", "ours"),
    [
        (None, None, False),
        ("train", None, True),  # of a DVC that does not name its root
        ("train", "repository", True),
        ("train", "outer", False),
        (None, "repository", False),
    ],
)
def test_a_process_is_a_stage_of_the_projects_own_repository(
    project, tmp_path, monkeypatch, stage, root, ours
):
    for name, value in {"DVC_STAGE": stage, "DVC_ROOT": root and str(tmp_path / root)}.items():
        monkeypatch.delenv(name, raising=False)
        if value:
            monkeypatch.setenv(name, value)
    assert is_dvc_stage(project) is ours


def test_the_repository_is_the_nearest_one_above(project, tmp_path):
    assert dvc_root(project) == tmp_path / "repository"
    assert dvc_root(tmp_path) is None
    (project / ".dvc").mkdir()
    assert dvc_root(project) == project
