"""Which code a stage runs, by its imports."""

import pytest
from kedro.pipeline import node, pipeline

from conf_params import params_of
from dermaflow.errors import ParameterError
from dermaflow.schema import ALL_STAGES
from dermaflow.versioning.stages.stage_dependencies import (
    CatalogEntry,
    adapter_of,
    code_of,
    describe_stage,
    select_parameters,
)


def test_every_listed_piece_of_code_exists(project_path):
    for stage in ALL_STAGES:
        assert all((project_path / path).exists() for path in code_of(stage)), stage


def test_code_of_a_stage_follows_its_imports():
    train, validate = code_of("train"), code_of("validate")
    assert (
        "src/dermaflow/ml/training/optim.py" in train
    )  # imported by what the node imports when it runs
    assert "src/dermaflow/ml/synthesis/dcgan.py" not in train
    assert "src/dermaflow/data/validation/quarantine.py" in validate
    assert "src/dermaflow/ml/models/classifier.py" not in validate
    assert not any("tracking" in path for path in train)  # where live curves go changes nothing


def test_neither_a_figure_nor_an_operating_point_has_folds_trained_again():
    folds = code_of("crossval_train")
    assert "src/dermaflow/ml/training/trainer.py" in folds
    assert not any("reporting" in path or "evaluate" in path for path in folds)


def test_a_stage_is_described_by_its_nodes_and_the_catalog():
    entries = {
        "manifest": CatalogEntry("data/manifest.parquet", "pandas.ParquetDataset", {}),
        "checkpoints": CatalogEntry(
            "data/unfinished", "pandas.ParquetDataset", {"without_effect": True}
        ),
        "pages": CatalogEntry("data/pages", "dermaflow.datasets.FolderDataset", {}),
        "model": CatalogEntry("data/model.json", "json.JSONDataset", {"external": ["server"]}),
    }
    inputs = ["manifest", "checkpoints", "params:train", "params:seed"]
    nodes = pipeline([node(lambda *_: None, inputs, ["model", "pages"])])
    stage = describe_stage("register", nodes, entries)
    assert stage.inputs == {"manifest": "data/manifest.parquet"}
    assert stage.outputs == {"model": "data/model.json", "pages": "data/pages"}
    assert stage.groups == ("seed", "train")
    assert stage.run_values == ("server",)
    # Nothing imports the project's own datasets: the catalog names them.
    own = {"src/dermaflow/datasets/folder_dataset.py", "src/dermaflow/io/atomic_files.py"}
    assert own <= set(stage.code)
    assert "src/dermaflow/datasets/folder_dataset.py" not in code_of("register")


def test_parameters_are_the_same_typed_or_as_in_conf_with_optional_keys_filled_in():
    typed = params_of("validate")
    plain = typed.model_dump(mode="json", by_alias=True, exclude_none=True)
    selected = select_parameters({"validate": plain, "seed": 3, "train": {}}, ["validate", "seed"])
    assert selected == select_parameters({"validate": typed, "seed": 3}, ["validate", "seed"])
    assert selected["seed"] == 3
    assert selected.keys() == {"validate", "seed"}


def test_a_group_of_parameters_that_nobody_knows_is_named():
    with pytest.raises(ParameterError, match=r"^params:trian: no such group"):
        adapter_of("trian")
