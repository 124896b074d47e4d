"""Which source ``ingest`` means, as the shipped configuration and the command line say it."""

import pytest
from kedro.config import OmegaConfigLoader
from pydantic import ValidationError

from dermaflow.errors import SourceError
from dermaflow.params import IngestParams
from dermaflow.settings import CONFIG_LOADER_ARGS
from dermaflow.sources import open_source


@pytest.fixture
def load_ingest(project_path, monkeypatch):
    """The ``ingest`` parameters of an environment, as Kedro merges them."""

    def load(env, **overrides):
        loader = OmegaConfigLoader(
            str(project_path / "conf"),
            env=env,
            runtime_params={"ingest": overrides} if overrides else None,
            **CONFIG_LOADER_ARGS,
        )
        return loader["parameters"]["ingest"]

    return load


@pytest.mark.parametrize(
    ("env", "source"), [("base", "phantoms"), ("smoke", "phantoms"), ("ham10000", "ham10000")]
)
def test_each_environment_names_a_source_that_is_described(load_ingest, env, source):
    ingest = IngestParams.model_validate(load_ingest(env))
    assert ingest.source == source
    assert getattr(ingest, source) is not None


def test_the_folder_comes_from_the_environment_variable(load_ingest, monkeypatch):
    monkeypatch.setenv("DERMAFLOW_HAM10000_DIR", "/somewhere/else")
    assert load_ingest("ham10000")["ham10000"]["folder"] == "/somewhere/else"
    monkeypatch.delenv("DERMAFLOW_HAM10000_DIR")
    assert load_ingest("ham10000")["ham10000"]["folder"] == "data/01_raw/ham10000"


def test_a_source_is_chosen_by_one_word_of_the_command_line(load_ingest, monkeypatch):
    monkeypatch.setenv("DERMAFLOW_HAM10000_DIR", "/nowhere")
    ingest = IngestParams.model_validate(load_ingest("base", source="ham10000"))
    with pytest.raises(SourceError, match="/nowhere"):
        open_source(ingest, 17)


def test_a_source_without_description_is_refused(load_ingest):
    with pytest.raises(ValidationError, match="section table is not set"):
        IngestParams.model_validate(load_ingest("base", source="table"))


def test_an_unknown_source_is_refused(load_ingest):
    with pytest.raises(ValidationError, match="'phantoms', 'ham10000' or 'table'"):
        IngestParams.model_validate(load_ingest("base", source="isic"))
