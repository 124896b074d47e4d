"""What each kind of source reads, and how it must be described."""

from pathlib import Path
from typing import get_args

import pytest
from pydantic import ValidationError

from conf_params import params_of
from dermaflow.params.sources import TableColumn
from dermaflow.schema import SOURCE_COLUMNS

COLUMNS = {"image_id": "ID", "file": "File", "label": "Diagnosis"}
TABLE = {
    "kind": "table",
    "table": "~/list.csv",
    "images": "images",
    "columns": COLUMNS,
    "licence": "internal",
}
CUSTOM = {"kind": "custom", "factory": "my_ward:Pacs", "options": {}, "paths": ["~/dump", "b"]}
PHANTOMS = {"kind": "phantoms", "images": {"nv": 2}, "images_per_lesion": 1}


def source(**described):
    return params_of("ingest", {"train": "x", "external": [], "sources": {"x": described}})


@pytest.mark.parametrize(
    ("described", "expected"),
    [
        (PHANTOMS | {"planted_faults": False}, []),
        (
            {"kind": "ham10000", "folder": "~/ham"},
            [
                "home/ham/HAM10000_images_part_1.zip",
                "home/ham/HAM10000_images_part_2.zip",
                "home/ham/HAM10000_metadata.csv",
                "home/ham/HAM10000_segmentations_lesion_tschandl.zip",
            ],
        ),
        (
            {"kind": "isic", "metadata": "~/m.csv", "images": ["b.zip", "~/a"], "label": "dx"},
            ["home/m.csv", "b.zip", "home/a"],
        ),
        (
            {"kind": "isic", "metadata": "m.csv", "images": "one.zip", "label": "dx"},
            ["m.csv", "one.zip"],
        ),
        (
            {"kind": "milk10k", "folder": "~/milk"},
            ["home/milk/metadata.csv", "home/milk/images.zip"],
        ),
        ({"kind": "folder", "folder": "~/f", "licence": "internal"}, ["home/f"]),
        (TABLE, ["home/list.csv", "images"]),
        (TABLE | {"masks": "~/masks"}, ["home/list.csv", "images", "home/masks"]),
        (CUSTOM, ["home/dump", "b", "home/my_ward.py"]),
        (CUSTOM | {"factory": "nobodys.module:Pacs"}, ["home/dump", "b"]),
    ],
    ids=lambda value: value["kind"] if isinstance(value, dict) else None,
)
def test_all_that_a_source_reads_is_raw_data(described, expected, tmp_path, monkeypatch):
    """What is left out here would change without ingest running anew."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.syspath_prepend(tmp_path / "home")
    (tmp_path / "home").mkdir()
    (tmp_path / "home/my_ward.py").touch()
    places = [tmp_path / path if path.startswith("home/") else Path(path) for path in expected]
    assert source(**described).raw_paths() == places


def test_every_column_of_a_source_can_be_described():
    assert set(get_args(TableColumn)) == set(SOURCE_COLUMNS)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"columns": {"image_id": "ID"}}, "which column holds: file, label"),
        ({"values": {"age": {"old": "90"}}}, "'sex', 'localization', 'dx_type'"),
        ({"columns": COLUMNS | {"alter": "Alter"}}, "Input should be 'image_id'"),
    ],
)
def test_a_table_is_described_by_columns_that_the_manifest_has(changes, message):
    with pytest.raises(ValidationError, match=message):
        source(**TABLE | changes)


@pytest.mark.parametrize("factory", ["my_ward", "my_ward.Pacs", "my_ward:Pacs()", "os:system;x"])
def test_a_class_of_ones_own_is_named_by_module_and_name(factory):
    with pytest.raises(ValidationError, match="should match pattern"):
        source(**CUSTOM | {"factory": factory})
