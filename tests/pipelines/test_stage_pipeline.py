"""The wiring of all stages: names, types and tags, and what only a drawing may write."""

import inspect
import subprocess
import sys
from typing import get_args, get_origin, get_type_hints

import numpy as np
import pandas as pd
import pytest
import yaml
from matplotlib.figure import Figure

from dermaflow.data.images.image_store import ImageBatch
from dermaflow.ml.models.weights import Weights
from dermaflow.params.parameters import Parameters
from dermaflow.pipelines.stage_pipeline import stage_pipeline
from dermaflow.schema import DRAWINGS, EXTRAS, STAGES

WIRED = [*STAGES, *(stage for stages in EXTRAS.values() for stage in stages)]
DRAWN = {"FolderDataset", "MatplotlibDataset"}
# What a node returns -> the datasets that can save it. All else is JSON or YAML.
SAVED_BY = {
    pd.DataFrame: {"ParquetDataset", "CSVDataset"},
    ImageBatch: {"ImageStoreDataset"},
    Weights: {"WeightsDataset"},
}
# The same of dictionaries, by their values.
VALUES_SAVED_BY = {
    np.ndarray: {"ArraysDataset"},
    bytes: {"FolderDataset"},
    Figure: {"MatplotlibDataset"},
}
# How a stage's own datasets begin, where another stage has one of the same kind.
OWN = {
    "augment": "gan",
    "train": "training",
    "search": "search",
    "crossval_train": "crossval",
    "crossval_evaluate": "crossval",
}
HEAVY = ["great_expectations", "matplotlib", "mlflow", "optuna", "skimage", "sklearn", "torch"]


@pytest.fixture(scope="module")
def kinds(project_path):
    """Dataset -> the class that saves it."""
    entries = yaml.safe_load((project_path / "conf/base/catalog.yml").read_text())
    return {name: entry["type"].rpartition(".")[2] for name, entry in entries.items()}


@pytest.fixture(scope="module", params=WIRED)
def stage(request):
    return request.param


@pytest.fixture(scope="module")
def nodes(stage):
    """The stage's nodes and those of its drawing."""
    return stage_pipeline(stage).nodes


def arguments(node):
    """Parameter of the node's function -> the dataset that it is given."""
    if isinstance(node._inputs, dict):
        return node._inputs
    return dict(zip(inspect.signature(node.func).parameters, node.inputs, strict=False))


def savers(hint):
    """Classes of datasets that can save what has this annotation."""
    if class_of(hint) is dict:
        origin, table = class_of(get_args(hint)[1]), VALUES_SAVED_BY
    else:
        origin, table = class_of(hint), SAVED_BY
    return table.get(origin, {"JSONDataset", "YAMLDataset"})


def class_of(hint):
    """The class of an annotation; numpy's are aliases of their own kind since Python 3.12."""
    origin = get_origin(hint) or hint
    return class_of(origin.__value__) if hasattr(origin, "__value__") else origin


def test_each_argument_is_the_dataset_or_the_parameters_of_its_name(stage, nodes, kinds):
    """Two tables that changed places, or another stage's, would be taken without a complaint."""
    for node in nodes:
        for name, dataset in arguments(node).items():
            if name == "previous":  # the store that the node replaces
                expected = f"previous_{node.outputs[0]}"
            else:
                own = f"{OWN.get(stage)}_{name}"
                expected = own if own in kinds else name
            assert dataset.removeprefix("params:") == expected, node.name


def test_parameters_are_given_as_the_model_of_their_group(nodes):
    models = {field.alias or name: field for name, field in Parameters.model_fields.items()}
    for node in nodes:
        hints = get_type_hints(node.func)
        for name, dataset in arguments(node).items():
            if dataset.startswith("params:"):
                group = dataset.removeprefix("params:")
                assert hints[name] == models[group].annotation, node.name


def test_each_output_goes_to_a_dataset_that_can_save_it(nodes, kinds):
    """Outputs of one node that changed places would be refused after hours of training."""
    for node in nodes:
        returned = get_type_hints(node.func)["return"]
        parts = get_args(returned) if get_origin(returned) is tuple else (returned,)
        if returned is not type(None):
            for dataset, part in zip(node.outputs, parts, strict=True):
                assert kinds[dataset] in savers(part), dataset


def test_what_writes_pictures_is_tagged_as_a_drawing_and_all_else_as_the_stage(stage, nodes, kinds):
    """The runner and DVC tell the two apart by these tags alone."""
    for node in nodes:
        draws = {kinds[dataset] in DRAWN for dataset in node.outputs} or {False}
        assert len(draws) == 1, node.name
        assert node.tags == {DRAWINGS[stage] if draws.pop() else stage}


def test_pictures_are_read_by_no_node(nodes, kinds):
    assert not [name for node in nodes for name in node.inputs if kinds.get(name) in DRAWN]


def test_every_drawing_is_one_that_the_runner_knows(project_path):
    """Else it would be left out without a word."""
    folder = project_path / "src/dermaflow/pipelines"
    assert {path.parent.name for path in folder.glob("*/drawing.py")} == set(DRAWINGS)


def test_no_two_stages_share_a_working_folder(kinds):
    """One would clear away what the other needs to go on."""
    readers = {name: [] for name, kind in kinds.items() if kind == "WorkingFolderDataset"}
    for stage in WIRED:
        for node in stage_pipeline(stage).nodes:
            for name in readers.keys() & set(node.inputs):
                readers[name].append(node.name)
    assert readers
    assert {len(nodes) for nodes in readers.values()} == {1}


def test_wiring_loads_no_heavy_library():
    """Each command imports the wiring; it would start seconds later."""
    imports = "; ".join(f"import dermaflow.pipelines.{stage}" for stage in WIRED)
    code = f"import sys; {imports}; print(*sorted({{*{HEAVY}}} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
