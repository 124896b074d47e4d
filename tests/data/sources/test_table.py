"""A table in a hospital's own words becomes records of the images in its folder."""

import pandas as pd
import pytest

from conf_params import params_of
from dermaflow.data.sources.table import Table
from dermaflow.errors import SourceError
from dermaflow.params.sources import TableSource
from dermaflow.schema import SOURCE_COLUMNS

COLUMNS = {
    "image_id": "ID",
    "file": "Picture",
    "label": "Diagnosis",
    "lesion_id": "Lesion",
    "patient_id": "Patient",
    "age": "Age",
    "sex": "Sex",
}
CSV = (
    "ID,Picture,Diagnosis,Lesion,Patient,Age,Sex\n"
    "1,a.jpg,Nevus,L1,P1,40,male\n"
    "2,sub/b.png,Melanoma NOS,,P1,unknown,\n"
    "3,c.jpg,Wart,L3,P2,,Unknown\n"
)

UNKNOWN = params_of("ingest").unknown


@pytest.fixture
def folder(tmp_path):
    images = tmp_path / "images"
    (images / "sub").mkdir(parents=True)
    (images / "a.jpg").write_bytes(b"A")
    (images / "sub" / "b.png").write_bytes(b"B")
    (images / "stray.jpg").write_bytes(b"S")
    (images / "notes.txt").write_text("no image")
    (tmp_path / "list.csv").write_text(CSV)
    return tmp_path


def describe(folder, **changes):
    values = {
        "kind": "table",
        "table": str(folder / "list.csv"),
        "images": str(folder / "images"),
        "columns": COLUMNS,
        "licence": "internal",
    }
    return TableSource(**(values | changes))


def open_table(params):
    return Table(params, "ingest.sources.clinic", UNKNOWN)


def test_columns_are_translated(folder):
    records = open_table(describe(folder)).records()
    assert tuple(records.columns) == SOURCE_COLUMNS
    assert records["image_id"].tolist() == ["1", "2", "3"]
    assert records["label"].tolist() == ["Nevus", "Melanoma NOS", "Wart"]
    assert records["patient_id"].tolist() == ["P1", "P1", "P2"]
    assert set(records["licence"]) == {"internal"}


def test_values_are_translated_and_what_is_not_stays(folder):
    values = {"sex": {"male": "männlich"}, "dx_type": {"H": "histo"}}
    records = open_table(describe(folder, values=values)).records()
    assert records["sex"].dropna().tolist() == ["männlich"]
    assert records["dx_type"].isna().all()  # no column of the table is described as dx_type
    (folder / "list.csv").write_text(CSV.replace("Sex\n", "Sex,By\n").replace("male\n", "male,H\n"))
    columns = COLUMNS | {"dx_type": "By"}
    records = open_table(describe(folder, columns=columns, values=values)).records()
    assert records["dx_type"].dropna().tolist() == ["histo"]


@pytest.mark.parametrize(
    "text",
    [
        CSV.encode("utf-8-sig"),
        CSV.replace(",", ";").encode(),
        CSV.replace(",", "\t").encode(),
        CSV.replace("\n", "\r\n").encode(),
        CSV.replace(",a.jpg", ", a.jpg ").encode(),
        CSV.replace("male\n", "male,\n").replace(",\n", ",,\n").encode(),
    ],
    ids=["byte order mark", "semicolons", "tabs", "CRLF", "blanks", "trailing separators"],
)
@pytest.mark.filterwarnings("ignore::pandas.errors.ParserWarning")
def test_dialects_of_csv_mean_the_same(folder, text):
    expected = open_table(describe(folder)).records()
    (folder / "list.csv").write_bytes(text)
    pd.testing.assert_frame_equal(open_table(describe(folder)).records(), expected)


def test_parquet_means_the_same_as_csv(folder):
    expected = open_table(describe(folder)).records()
    table = pd.DataFrame(
        {
            "ID": [1, 2, 3],
            "Picture": ["a.jpg", "sub/b.png", "c.jpg"],
            "Diagnosis": pd.Categorical(["Nevus", "Melanoma NOS", "Wart"]),
            "Lesion": ["L1", None, "L3"],
            "Patient": ["P1", "P1", "P2"],
            "Age": [40.0, None, None],
            "Sex": ["male", None, None],
        }
    )
    table.to_parquet(folder / "list.parquet")
    read = open_table(describe(folder, table=str(folder / "list.parquet"))).records()
    pd.testing.assert_frame_equal(read, expected)


def test_files_may_be_written_without_suffix(folder):
    (folder / "list.csv").write_text(CSV.replace("a.jpg", "a").replace("b.png", "b"))
    source = open_table(describe(folder))
    assert source.records()["file"].tolist() == ["a.jpg", "sub/b.png", "c.jpg"]
    assert source.unlisted() == ["stray.jpg"]


def test_images_are_read_from_the_folder(folder):
    source = open_table(describe(folder))
    assert source.read("a.jpg") == b"A"
    assert source.read("sub/b.png") == b"B"
    assert source.unlisted() == ["stray.jpg"]


def test_masks_lie_by_image_id_and_are_no_images(folder):
    masks = folder / "images" / "masks"
    masks.mkdir()
    (masks / "1.png").write_bytes(b"M")
    source = open_table(describe(folder, masks=str(masks)))
    assert source.read_mask("1") == b"M"
    assert source.read_mask("2") is None
    assert source.read_mask("../a") is None
    assert source.unlisted() == ["stray.jpg"]
    assert open_table(describe(folder)).read_mask("1") is None


def test_a_missing_column_is_named(folder):
    columns = COLUMNS | {"age": "Alter"}
    with pytest.raises(SourceError, match=r"list\.csv has no column 'Alter' for age .*Diagnosis"):
        open_table(describe(folder, columns=columns))


@pytest.mark.parametrize("key", ["table", "images", "masks"])
def test_a_missing_path_is_named(folder, key):
    with pytest.raises(SourceError, match=r"nowhere.*ingest\.sources\.clinic"):
        open_table(describe(folder, **{key: str(folder / "nowhere")}))


@pytest.mark.parametrize("content", [b"", b"ID,Picture\n1,\xff\xfe\n", b'ID\n"open\n'])
def test_an_unreadable_table_is_named_in_one_line(folder, content):
    (folder / "list.csv").write_bytes(content)
    with pytest.raises(SourceError, match=r"list\.csv") as caught:
        open_table(describe(folder))
    assert "\n" not in str(caught.value)


def test_a_table_in_another_encoding_is_told_how_to_become_utf_8(folder):
    (folder / "list.csv").write_bytes(CSV.replace("Nevus", "Nävus").encode("cp1252"))
    with pytest.raises(SourceError, match=r"list\.csv is not written in UTF-8; save .*iconv -f"):
        open_table(describe(folder))


def test_a_damaged_parquet_is_named(folder):
    (folder / "list.parquet").write_bytes(b"PAR1 and then nothing")
    with pytest.raises(SourceError, match=r"list\.parquet"):
        open_table(describe(folder, table=str(folder / "list.parquet")))
