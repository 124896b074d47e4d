"""Fixtures of the hostile inputs: the stages run once for each group of cases."""

import pytest

from conf_params import params_of


@pytest.fixture(scope="session")
def params():
    """The expectations that are shipped."""
    return params_of("validate", env="base")


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A folder for raw data and results, whose parent is watched."""
    return tmp_path_factory.mktemp("root")
