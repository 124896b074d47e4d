"""Fixtures of the hostile inputs: the stages run once for each group of cases."""

import pytest

from hostile.stages import load_validate_params


@pytest.fixture(scope="session")
def params(project_path):
    """The expectations that are shipped."""
    return load_validate_params(project_path)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A folder for raw data and results, whose parent is watched."""
    return tmp_path_factory.mktemp("root")
