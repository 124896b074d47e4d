"""When a job's data are exchanged at all; that they are is in runs/test_job_data.py."""

import pytest

from dermaflow.errors import VersioningError
from dermaflow.schema import JOB_ID, JOB_REMOTE
from dermaflow.tracking.job_data import exchanging


def test_without_a_remote_nothing_is_looked_at(tmp_path, monkeypatch):
    monkeypatch.delenv(JOB_REMOTE, raising=False)
    with exchanging(tmp_path / "nowhere", "base"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_remote_without_a_job_is_refused_before_the_run(tmp_path, monkeypatch):
    monkeypatch.setenv(JOB_REMOTE, str(tmp_path))
    monkeypatch.delenv(JOB_ID, raising=False)
    with (
        pytest.raises(VersioningError, match=f"{JOB_REMOTE}.*{JOB_ID}"),
        exchanging(tmp_path, "base"),
    ):
        raise AssertionError("the run must not begin")
