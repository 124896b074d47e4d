"""A draft, and what comes of it where Kedro reads it."""

from functools import partial

import pytest
from kedro.config import OmegaConfigLoader

from data.drafting.drafts import base_parameters, make_draft
from dermaflow.data.drafting.conf_files import render_files
from dermaflow.params.check import check_parameters
from dermaflow.settings import CONFIG_LOADER_ARGS


@pytest.fixture(scope="session")
def base():
    """The base's parameters."""
    return base_parameters()


@pytest.fixture
def draft(tmp_path, monkeypatch):
    """Draft the environment ``clinic`` of a project in ``tmp_path``, where commands are run."""
    monkeypatch.chdir(tmp_path)
    return partial(make_draft, tmp_path)


@pytest.fixture
def load(tmp_path, project_path):
    """Write a draft's files, and read them over the base's as Kedro does."""

    def read(draft):
        name = draft.request.name
        conf = tmp_path / "conf"
        (conf / name).mkdir(parents=True)
        (conf / "base").symlink_to(project_path / "conf/base")
        for file, text in render_files(draft).items():
            (conf / name / file).write_text(text, encoding="utf-8")
        loader = OmegaConfigLoader(
            str(conf), env=name, **CONFIG_LOADER_ARGS | {"default_run_env": name}
        )
        return check_parameters(loader["parameters"], [conf / name, conf / "base"])

    return read
