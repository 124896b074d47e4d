"""Toy stages under DVC."""

import shutil
from contextlib import chdir

import pytest
import yaml
from dvc.repo import Repo
from kedro.framework.project import configure_project, pipelines

from dermaflow.params.dotted_keys import nest
from dermaflow.versioning.dvc.stage_file import write_dvc_files
from versioning.toy_project import CATALOG, CLINIC, ToyProject

ENV = "toy"


@pytest.fixture
def versioned(tmp_path, monkeypatch, _toy_pipelines, _versioned_once):
    """Toy stages that have run, with a ``conf`` of the same parameters, and DVC, which knows none.

    Its environment is ``toy``.
    """
    folder = shutil.copytree(_versioned_once, tmp_path / "versioned")
    monkeypatch.chdir(folder)
    return ToyProject(folder)


@pytest.fixture(scope="session")
def _versioned_once(tmp_path_factory, _made_once, project_path):
    folder = shutil.copytree(_made_once, tmp_path_factory.mktemp("versioned") / "project")
    for env, source in (("base", "base"), (ENV, "smoke")):
        (folder / "conf" / env).mkdir(parents=True)
        for file in (project_path / "conf" / source).glob("parameters*.yml"):
            shutil.copy(file, folder / "conf" / env)
    ingest = folder / "conf" / ENV / "parameters_ingest.yml"
    values = yaml.safe_load(ingest.read_text())["ingest"]
    ingest.write_text(yaml.safe_dump({"ingest": nest(CLINIC, values)}))
    (folder / "conf/base/globals.yml").write_text("data: data\n")
    (folder / "conf" / ENV / "globals.yml").write_text("data: data\n")
    (folder / "conf/base/catalog.yml").write_text(yaml.safe_dump(CATALOG))
    configure_project("dermaflow")  # for the settings, by which conf is read
    with chdir(folder):
        ToyProject(folder)  # for its pipelines
        write_dvc_files(folder, pipelines)
        Repo.init(no_scm=True).close()
    return folder
