"""A repository in which runs can be restored."""

import pytest

from versioning.restore.history import History


@pytest.fixture(scope="session")
def _history(tmp_path_factory):
    return History(tmp_path_factory.mktemp("history"))


@pytest.fixture
def history(_history, tmp_path):
    """Two states under git and DVC, at the newer one."""
    return _history.copy(tmp_path / "history")


@pytest.fixture
def old(history):
    """The older state."""
    return history.states["old"]


@pytest.fixture
def new(history):
    """The newer state, which is there."""
    return history.states["new"]
