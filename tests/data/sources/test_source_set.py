"""Which sources ``ingest`` means, as conf and the command line say it, and how they become one."""

import importlib
import sys

import pytest
from kedro.config import OmegaConfigLoader
from PIL import Image

from conf_params import params_of
from dermaflow.data.sources import SourceSet
from dermaflow.errors import SourceError
from dermaflow.params.ingest import IngestParams
from dermaflow.schema import RECORD_COLUMNS
from dermaflow.settings import CONFIG_LOADER_ARGS


@pytest.fixture
def load_ingest(project_path):
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
    ("env", "roles"),
    [
        ("base", {"phantoms": "train"}),
        ("smoke", {"phantoms": "train", "elsewhere": "external"}),
        ("ham10000", {"ham10000": "train"}),
    ],
)
def test_each_environment_names_sources_that_are_described(env, roles):
    ingest = params_of("ingest", env=env)
    assert ingest.roles == roles
    assert set(roles) <= set(ingest.sources)


def test_the_folder_comes_from_the_environment_variable(load_ingest, monkeypatch):
    monkeypatch.setenv("DERMAFLOW_HAM10000_DIR", "/somewhere/else")
    assert load_ingest("ham10000")["sources"]["ham10000"]["folder"] == "/somewhere/else"
    monkeypatch.delenv("DERMAFLOW_HAM10000_DIR")
    assert load_ingest("ham10000")["sources"]["ham10000"]["folder"] == "data/01_raw/ham10000"


def test_a_source_is_chosen_by_one_word_of_the_command_line(load_ingest, monkeypatch):
    monkeypatch.setenv("DERMAFLOW_HAM10000_DIR", "/nowhere")
    ingest = IngestParams.model_validate(load_ingest("base", train="ham10000", external="milk10k"))
    assert ingest.roles == {"ham10000": "train", "milk10k": "external"}
    with pytest.raises(SourceError, match="/nowhere"):
        SourceSet(ingest, 17)


def write_folder(root, files):
    for file, colour in files.items():
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (96, 96), colour).save(root / file)
    return {"kind": "folder", "folder": str(root), "licence": "internal"}


@pytest.fixture
def two_clinics(tmp_path):
    """Two clinics that number alike, the second with a file outside its classes."""
    a = write_folder(tmp_path / "a", {"mel/1.png": "red", "nv/2.png": "green"})
    b = write_folder(tmp_path / "b", {"mel/1.png": "blue", "ruler.png": "white"})

    def open_set(**changes):
        sources = {"a": a, "b": b | changes}
        params = {"train": "a", "external": "b", "sources": sources}
        return SourceSet(params_of("ingest", params), 17)

    return open_set


def test_rows_of_all_sources_tell_their_source_and_role(two_clinics):
    records = two_clinics(prefix="b_").records()
    assert tuple(records.columns) == RECORD_COLUMNS
    assert records["image_id"].tolist() == ["mel_1", "nv_2", "b_mel_1"]
    assert records["lesion_id"].tolist() == ["mel_1", "nv_2", "b_mel_1"]
    assert records["source"].tolist() == ["a", "a", "b"]
    assert records["role"].tolist() == ["train", "train", "external"]
    assert records["patient_id"].isna().all()


def test_equal_names_are_read_from_their_own_source(two_clinics, tmp_path):
    sources = two_clinics(prefix="b_")
    assert sources.read("a", "mel/1.png") == (tmp_path / "a/mel/1.png").read_bytes()
    assert sources.read("b", "mel/1.png") == (tmp_path / "b/mel/1.png").read_bytes()
    assert sources.unlisted() == {"a": [], "b": ["ruler.png"]}


def test_other_pictures_of_the_same_name_are_told(two_clinics, tmp_path, caplog):
    two_clinics().records()
    told = "a and b both have 1 image_ids; of 1 that were compared, the files of 1 differ"
    assert told in caplog.text
    assert "ingest.sources.b.prefix" in caplog.text
    caplog.clear()
    two_clinics(prefix="b_").records()
    assert "both have" not in caplog.text
    (tmp_path / "b/mel/1.png").write_bytes((tmp_path / "a/mel/1.png").read_bytes())
    two_clinics().records()
    assert "both have" not in caplog.text


def test_lesions_that_two_sources_share_are_told(two_clinics, caplog):
    two_clinics(prefix="b_").records()
    assert "occur in several sources" not in caplog.text
    two_clinics().records()
    assert "1 lesion_ids occur in several sources" in caplog.text


def test_masks_are_found_by_the_id_without_prefix(tmp_path):
    masks = tmp_path / "masks"
    masks.mkdir()
    (masks / "1.png").write_bytes(b"mask")
    (tmp_path / "list.csv").write_text("id,file,dx\n1,a.png,nv\n")
    table = {
        "kind": "table",
        "prefix": "x_",
        "table": str(tmp_path / "list.csv"),
        "images": str(tmp_path),
        "masks": str(masks),
        "columns": {"image_id": "id", "file": "file", "label": "dx"},
        "licence": "internal",
    }
    params = {"train": "t", "external": [], "sources": {"t": table}}
    sources = SourceSet(params_of("ingest", params), 17)
    assert sources.records()["image_id"].tolist() == ["x_1"]
    assert sources.read_mask("t", "x_1") == b"mask"


def test_phantoms_with_a_prefix_are_of_other_lesions():
    here = {
        "kind": "phantoms",
        "images": {"nv": 2},
        "images_per_lesion": 1,
        "planted_faults": False,
    }
    params = {
        "train": "here",
        "external": "there",
        "sources": {"here": here, "there": here | {"prefix": "there_"}},
    }
    sources = SourceSet(params_of("ingest", params), 17)
    assert sources.records()["image_id"].is_unique
    assert sources.read("here", "PH_0000000.jpg") != sources.read("there", "PH_0000000.jpg")


CUSTOM = """
import pandas as pd

from dermaflow.schema import SOURCE_COLUMNS


class Pacs:
    def __init__(self, ward):
        self.ward = ward

    def records(self):
        row = {"image_id": "1", "lesion_id": "1", "label": "nv", "file": self.ward}
        return pd.DataFrame([row], columns=list(SOURCE_COLUMNS))

    def read(self, file):
        return file.encode()

    def read_mask(self, image_id):
        return None

    def unlisted(self):
        return []
"""


@pytest.fixture
def open_custom(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)

    def open_set(code=CUSTOM, **changes):
        (tmp_path / "my_hospital.py").write_text(code)
        monkeypatch.delitem(sys.modules, "my_hospital", raising=False)
        importlib.invalidate_caches()
        pacs = {"kind": "custom", "factory": "my_hospital:Pacs", "options": {"ward": "7"}}
        params = {
            "train": "pacs",
            "external": [],
            "sources": {"pacs": pacs | {"paths": []} | changes},
        }
        return SourceSet(params_of("ingest", params), 17)

    return open_set


def test_a_class_of_ones_own_is_a_source_by_a_line_of_conf(open_custom):
    sources = open_custom()
    assert sources.records()["file"].tolist() == ["7"]
    assert sources.read("pacs", "7") == b"7"


def test_numbers_of_ones_own_class_become_text(open_custom):
    code = CUSTOM.replace('"image_id": "1"', '"image_id": 1').replace('"nv"', "3")
    row = open_custom(code).records().iloc[0]
    assert (row["image_id"], row["label"], row["patient_id"]) == ("1", "3", None)
    code = CUSTOM.replace('"label"', '"age": "old", "label"')
    with pytest.raises(SourceError, match=r"ingest\.sources\.pacs: an age is no number"):
        open_custom(code).records()


def test_groups_of_ones_own_class_are_read_as_those_of_a_table(open_custom):
    ids = '"lesion_id": 1000.0, "patient_id": "Unknown", "label"'
    row = open_custom(CUSTOM.replace('"lesion_id": "1", "label"', ids)).records().iloc[0]
    assert (row["lesion_id"], row["patient_id"]) == ("1000", None)


def test_two_tables_may_share_a_folder(tmp_path):
    for name in "abc":
        (tmp_path / f"{name}.png").write_bytes(name.encode())
    tables = {}
    for name in "ab":
        (tmp_path / f"{name}.csv").write_text(f"id,file,dx\n{name},{name}.png,nv\n")
        tables[name] = {
            "kind": "table",
            "table": str(tmp_path / f"{name}.csv"),
            "images": str(tmp_path),
            "columns": {"image_id": "id", "file": "file", "label": "dx"},
            "licence": "internal",
        }
    params = {"train": "a", "external": "b", "sources": tables}
    sources = SourceSet(params_of("ingest", params), 17)
    assert sources.unlisted() == {"a": ["c.png"], "b": ["c.png"]}


def test_a_table_without_a_column_is_refused(open_custom):
    code = CUSTOM.replace("list(SOURCE_COLUMNS)", "list(SOURCE_COLUMNS[1:])")
    with pytest.raises(SourceError, match=r"ingest\.sources\.pacs: its records lack image_id"):
        open_custom(code).records()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"factory": "my_clinic:Pacs"}, r"pacs\.factory: .*No module named 'my_clinic'"),
        ({"factory": "my_hospital:Pax"}, r"pacs\.factory: .*no attribute 'Pax'"),
        ({"options": {"word": "7"}}, r"pacs\.options: my_hospital:Pacs refuses them"),
    ],
)
def test_a_class_that_cannot_be_had_is_named(open_custom, changes, message):
    with pytest.raises(SourceError, match=message):
        open_custom(**changes)
