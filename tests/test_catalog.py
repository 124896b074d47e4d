"""The catalog against the pipelines: nothing in memory, no orphans, names that match layers."""

import inspect
import re
from typing import get_type_hints

import pytest
import yaml
from kedro.framework.project import configure_project, pipelines
from kedro.pipeline import Pipeline

from dermaflow.schema import ALL_STAGES
from dermaflow.versioning.stages.stage_dependencies import CatalogEntry, describe_stage, stage_nodes

WITHOUT_EFFECT = {
    "previous_image_store",
    "previous_mask_store",
    "previous_picture_features",
    "gan_checkpoints",
    "training_checkpoints",
    "crossval_checkpoints",
    "search_checkpoints",
}


@pytest.fixture(scope="module")
def registry():
    configure_project("dermaflow")
    return dict(pipelines)


@pytest.fixture(scope="module")
def entries(project_path):
    entries = yaml.safe_load((project_path / "conf" / "base" / "catalog.yml").read_text())
    del entries["stage_records"]  # the runner's, which no node reads or writes
    return entries


@pytest.fixture(scope="module")
def catalog(entries):
    """Entries that hold data."""
    for name in WITHOUT_EFFECT:
        assert entries[name]["metadata"]["without_effect"]
    return {name: entry for name, entry in entries.items() if name not in WITHOUT_EFFECT}


def data_names(pipeline):
    names = pipeline.inputs() | {name for node in pipeline.nodes for name in node.outputs}
    return {name for name in names if is_data(name)}


def is_data(name):
    return not name.startswith("params:") and name not in WITHOUT_EFFECT


@pytest.fixture(scope="module")
def everything(registry):
    return sum((stage_nodes(registry, stage) for stage in ALL_STAGES), Pipeline([]))


def test_kedro_can_read_every_nodes_types(everything):
    """Only then does it hand over typed parameters; a name only type checkers import hides them."""
    for node in everything.nodes:
        hints = get_type_hints(node.func)
        assert set(inspect.signature(node.func).parameters) <= set(hints), node.func.__name__


def test_no_dataset_is_kept_in_memory_and_none_is_orphaned(everything, catalog):
    assert data_names(everything) == set(catalog)


def test_a_stage_reads_only_what_earlier_stages_wrote(registry):
    written = set()
    for stage in ALL_STAGES:
        pipeline = stage_nodes(registry, stage)
        inputs = {name for name in pipeline.inputs() if is_data(name)}
        assert inputs <= written, stage
        written |= data_names(pipeline)


def test_no_stage_depends_on_what_only_saves_it_work(registry, entries):
    """The store that ingest replaces lies where it writes the new one."""
    described = {
        name: CatalogEntry(entry["filepath"], entry["type"], entry["metadata"])
        for name, entry in entries.items()
    }
    for name in ALL_STAGES:
        stage = describe_stage(name, stage_nodes(registry, name), described)
        assert not WITHOUT_EFFECT & (stage.inputs.keys() | stage.outputs.keys())
        assert not {*stage.inputs.values()} & {*stage.outputs.values()}


LAYERS = ["intermediate", "primary", "model_input", "models", "model_output", "reporting"]
# Where the layer of the folder would have data run back, from a later layer to an earlier one.
DRAWN_ELSEWHERE = {
    "validation_report": "primary",
    "generators": "model_input",
    "model_contract": "reporting",
}


def test_every_file_is_under_the_environments_root_in_its_layer(catalog):
    for name, entry in catalog.items():
        match = re.fullmatch(r"\$\{globals:data\}/0\d_(\w+?)/[\w./]+", entry["filepath"])
        assert match, name
        layer = entry["metadata"]["kedro-viz"]["layer"]
        assert layer == DRAWN_ELSEWHERE.get(name, match[1]), name


def test_data_never_runs_back_to_an_earlier_layer(everything, catalog):
    """Else kedro-viz draws no layers at all."""
    place = {name: LAYERS.index(e["metadata"]["kedro-viz"]["layer"]) for name, e in catalog.items()}
    for node in everything.nodes:
        read = [place[name] for name in node.inputs if is_data(name)]
        written = [place[name] for name in node.outputs]
        assert max(read, default=0) <= min(written, default=len(LAYERS)), node.name


def test_rows_that_name_patients_are_not_previewed(catalog):
    """``kedro viz deploy --include-previews`` would publish them."""
    for name in ("raw_records", "raw_manifest", "clean_manifest", "manifest"):
        assert catalog[name]["metadata"]["kedro-viz"]["preview"] is False, name


def test_what_is_drawn_from_images_is_marked_as_pictures_of_patients(everything, catalog):
    """So that ``log_pictures: false`` keeps it off the server."""
    hold_pixels = {
        name
        for name, entry in catalog.items()
        if entry["type"].endswith(("ImageStoreDataset", "ArraysDataset"))
    }
    for node in everything.nodes:
        for name in node.outputs:
            rule = catalog[name]["metadata"].get("mlflow", {})
            drawn = catalog[name]["type"].endswith(("MatplotlibDataset", "FolderDataset"))
            if "artifact" in rule and drawn:
                assert bool(hold_pixels & set(node.inputs)) == rule.get("pictures", False), name


def test_environments_write_under_different_roots(project_path):
    roots = [
        yaml.safe_load(path.read_text())["data"]
        for path in sorted((project_path / "conf").glob("*/globals.yml"))
    ]
    assert len(roots) >= 3
    assert len(set(roots)) == len(roots)


def test_names_that_others_rely_on_exist(catalog):
    promised = {"manifest", "quarantine", "synthetic_manifest", "predictions", "metrics"}
    assert promised <= set(catalog)
