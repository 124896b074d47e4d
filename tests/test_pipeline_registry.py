"""The pipelines that ``kedro run --pipelines`` knows."""

import pytest
from kedro.framework.project import configure_project, pipelines

from dermaflow.errors import ParameterError
from dermaflow.pipeline_registry import register_pipelines
from dermaflow.schema import ALL_STAGES, EXTRAS, STAGES, pipeline_of, with_drawings
from dermaflow.versioning.stages.stage_dependencies import stage_nodes


@pytest.fixture(scope="module")
def registry():
    configure_project("dermaflow")
    return dict(pipelines)


def test_every_stage_is_registered_and_the_default_is_the_chain_alone(registry):
    assert set(registry) == {*map(pipeline_of, ALL_STAGES), *EXTRAS, "__default__"}
    nodes = {node for stage in STAGES for node in registry[stage].nodes}
    assert set(registry["__default__"].nodes) == nodes


def test_every_node_has_a_name_of_its_own_in_its_stages_namespace(registry):
    nodes = {node for name in registry for node in registry[name].nodes}
    names = [node.name for node in nodes]
    assert len(set(names)) == len(names)
    for node in nodes:
        (tag,) = node.tags
        assert node.name == f"{pipeline_of(tag)}.{node.func.__name__}"
        assert not any(data.startswith(f"{node.namespace}.") for data in node.inputs + node.outputs)


def test_a_pipeline_that_must_be_asked_for_is_its_stages_and_the_runner_tells_them_apart(registry):
    for name, stages in EXTRAS.items():
        for stage in with_drawings(stages):
            part = registry[name].only_nodes_with_tags(stage)
            assert set(part.nodes) == set(stage_nodes(registry, stage).nodes)
        assert len(registry[name].nodes) == sum(len(registry[stage].nodes) for stage in stages)


@pytest.fixture
def other_project(tmp_path, monkeypatch, request):
    """Make a package with one pipeline the project whose pipelines Kedro finds."""

    def make(pipeline, code):
        package = request.node.name
        folder = tmp_path / package / "pipelines" / pipeline
        folder.mkdir(parents=True)
        (tmp_path / package / "__init__.py").touch()
        (tmp_path / package / "pipelines/__init__.py").touch()
        (folder / "__init__.py").write_text(code)
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.setattr("kedro.framework.project.PACKAGE_NAME", package)

    return make


def test_a_package_that_is_no_stage_is_refused_and_told_how_to_become_one(other_project):
    code = "from kedro.pipeline import Pipeline\ncreate_pipeline = lambda **_: Pipeline([])\n"
    other_project("colour", code)
    with pytest.raises(ParameterError, match=r"pipelines/colour is no stage: add it to STAGES"):
        register_pipelines()


def test_a_stage_that_cannot_be_imported_is_not_left_out(other_project):
    other_project("train", "raise ValueError('a typing slip')\n")
    with pytest.raises(ImportError, match=r"pipelines\.train"):
        register_pipelines()
