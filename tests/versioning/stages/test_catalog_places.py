"""A stage's own catalog says all that the project's says."""

import pytest
from kedro.io import DataCatalog

from dermaflow.datasets import WorkingFolderDataset
from dermaflow.versioning.stages.catalog_places import catalog_with, read_entries


class NoNegativeCounts:
    """What a team might ask of a file of counts."""

    def validate(self, data):
        if min(data.values()) < 0:
            raise ValueError("a count is negative")
        return data


@pytest.fixture
def catalog(tmp_path):
    return DataCatalog.from_config(
        {
            "counts": {
                "type": "json.JSONDataset",
                "filepath": str(tmp_path / "counts.json"),
                "credentials": "key",
                "metadata": {"external": ["tracking_uri"]},
                "validator": f"{__name__}.NoNegativeCounts",
            }
        },
        credentials={"key": {"secret": "s"}},
    )


def test_a_moved_dataset_keeps_its_validator(catalog, tmp_path):
    of_stage = catalog_with(catalog, ["counts"], {"counts": tmp_path / "aside.json"})
    of_stage.save("counts", {"nv": 3})
    with pytest.raises(Exception, match="a count is negative"):
        of_stage.save("counts", {"nv": -3})
    assert of_stage.load("counts") == {"nv": 3}
    assert not (tmp_path / "counts.json").exists()


def test_a_dataset_that_stays_keeps_its_validator(catalog):
    with pytest.raises(Exception, match="a count is negative"):
        catalog_with(catalog, ["counts"], {}).save("counts", {"nv": -3})


def test_a_moved_dataset_keeps_credentials_and_metadata(catalog, tmp_path):
    moved = catalog_with(catalog, ["counts"], {"counts": tmp_path / "aside.json"})
    _, credentials, *_ = moved.to_config()
    assert list(credentials.values()) == [{"secret": "s"}]
    assert read_entries(moved)["counts"].metadata == {"external": ["tracking_uri"]}


def test_what_stays_where_it_is_is_shared(catalog, tmp_path):
    """The runner tells a working folder what may be kept there; the node must be told the same."""
    catalog["params:seed"] = 7
    catalog["checkpoints"] = WorkingFolderDataset(filepath=str(tmp_path / "unfinished"))
    catalog["checkpoints"].made_from = {"seed": 7}
    of_stage = catalog_with(catalog, ["params:seed", "checkpoints"], {})
    assert of_stage["params:seed"] is catalog["params:seed"]
    assert of_stage.load("checkpoints").made_from == {"seed": 7}
