"""A table in a hospital's own words becomes records of the images in its folder."""

import pandas as pd
import pytest
from pydantic import ValidationError

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

INGEST = params_of("ingest")


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
    return Table(params, "ingest.sources.clinic", INGEST.unknown, INGEST.mask_suffixes)


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


def test_words_of_conf_are_found_in_whatever_case_and_codes_with_decimals(folder):
    (folder / "list.csv").write_text(CSV.replace("male", "1.0").replace("Unknown\n", "Weiblich\n"))
    values = {"sex": {1: "male", "WEIBLICH": "female"}}
    records = open_table(describe(folder, values=values)).records()
    assert records["sex"].dropna().tolist() == ["male", "female"]


@pytest.mark.parametrize("word", [True, None])
def test_a_word_that_yaml_reads_as_something_else_is_to_be_put_in_quotes(folder, word):
    with pytest.raises(ValidationError, match="put it in quotes as the table writes it"):
        describe(folder, values={"sex": {word: "male"}})


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


def test_masks_have_the_suffixes_of_conf_and_may_lie_beside_the_images(folder):
    masks = folder / "masks"
    masks.mkdir()
    for name in ("1_segmentation.png", "1.png", "2_mask.bmp"):
        (masks / name).write_bytes(name.encode())
    (folder / "images/sub/b_lesion.png").write_bytes(b"beside 2")
    (folder / "images/a_seg.png").write_bytes(b"beside 1")
    source = open_table(describe(folder, masks=str(masks)))
    assert (source.read_mask("1"), source.read_mask("2")) == (b"1.png", b"2_mask.bmp")
    assert source.unlisted() == ["stray.jpg", "masks/1_segmentation.png"]
    source = open_table(describe(folder))
    assert (source.read_mask("1"), source.read_mask("2")) == (b"beside 1", b"beside 2")
    assert source.unlisted() == ["stray.jpg"]


def test_an_image_that_a_row_lists_is_no_mask_of_another(folder):
    (folder / "images/a_lesion.jpg").write_bytes(b"L")
    (folder / "list.csv").write_text(CSV + "4,a_lesion.jpg,Wart,L4,P2,,\n")
    source = open_table(describe(folder))
    assert source.read_mask("1") is None
    assert source.read("a_lesion.jpg") == b"L"


def test_what_fits_a_pattern_of_ignore_is_not_seen(folder):
    assert open_table(describe(folder, ignore="stray*")).unlisted() == []


ONE_HOT = "image,MEL,NV,UNK\na,1.0,0.0,0.0\nsub/b,0,1,0\nstray,0,1,1\nnowhere,0,0.7,0.3\n"
MORE = "image,lesion_id,age_approx\nsub/b,L2,40\na,L1,\nnowhere,L3,50\nelsewhere,L4,1\n"
OWN = {"image_id": "image", "file": "image"}
JOIN = {"image_id": "image", "lesion_id": "lesion_id", "age": "age_approx"}


def describe_published(folder, **changes):
    """As the challenges publish them: a one-hot label, and the lesions in a second table."""
    (folder / "list.csv").write_text(ONE_HOT)
    (folder / "more.csv").write_text(MORE)
    join = {"table": str(folder / "more.csv"), "columns": JOIN}
    values = {"columns": OWN, "label_columns": ["MEL", "NV", "UNK"], "join": join}
    return describe(folder, **(values | changes))


def test_a_label_of_several_columns_and_a_second_table_become_records(folder, caplog):
    params = describe_published(folder)
    assert folder / "more.csv" in params.raw_paths()
    records = open_table(params).records().set_index("image_id")
    assert records["label"].to_dict() == {
        "a": "MEL",
        "sub/b": "NV",
        "stray": None,
        "nowhere": None,
    }
    assert records["file"].to_dict()["sub/b"] == "sub/b.png"
    assert records["lesion_id"].dropna().to_dict() == {"a": "L1", "sub/b": "L2", "nowhere": "L3"}
    assert records["age"].dropna().to_dict() == {"sub/b": 40, "nowhere": 50}
    assert "in 2 of 4 rows not exactly one of the columns MEL, NV, UNK holds 1" in caplog.text
    assert "more.csv has no row for 1 of 4 image_ids, such as stray" in caplog.text


@pytest.mark.parametrize(
    ("more", "error"),
    [
        (MORE + "a,L9,\n", "1 rows repeat a image_id and say something else, .* 'a'"),
        ("image,lesion_id,age_approx\nA,L1,4\n", "has none of the image_ids"),
        ("image,lesion_id\na,L1\n", r"no column 'age_approx' for age \(see .*clinic\.join\)"),
    ],
)
def test_a_second_table_that_does_not_fit_is_refused(folder, more, error):
    params = describe_published(folder)
    (folder / "more.csv").write_text(more)
    with pytest.raises(SourceError, match=error):
        open_table(params)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"label_columns": []}, "must also say which column holds: label"),
        ({"label_columns": "MEL"}, "two or more"),
        ({"columns": OWN | {"label": "MEL"}}, "label is told twice"),
        ({"columns": OWN | {"age": "MEL"}}, "age is told twice"),
        ({"join": {"table": "x", "by": "lesion_id", "columns": JOIN}}, "which column holds lesion"),
        ({"join": {"table": "x", "columns": {"age": "age"}}}, "which column holds image_id"),
    ],
)
def test_a_description_that_contradicts_itself_is_refused(folder, changes, error):
    with pytest.raises(ValidationError, match=error):
        describe_published(folder, **changes)


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


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16", "mac_roman"])
def test_a_table_in_the_encoding_that_conf_names_is_read(folder, encoding):
    (folder / "list.csv").write_bytes(CSV.replace("Nevus", "Nävus").encode(encoding))
    records = open_table(describe(folder, encoding=encoding)).records()
    assert records["label"].tolist() == ["Nävus", "Melanoma NOS", "Wart"]


def test_a_table_in_another_encoding_is_told_how_to_become_utf_8(folder):
    (folder / "list.csv").write_bytes(CSV.replace("Nevus", "Nävus").encode("cp1252"))
    with pytest.raises(SourceError, match=r"list\.csv is not written in UTF-8; save .*iconv -f"):
        open_table(describe(folder))


def test_a_damaged_parquet_is_named(folder):
    (folder / "list.parquet").write_bytes(b"PAR1 and then nothing")
    with pytest.raises(SourceError, match=r"list\.parquet"):
        open_table(describe(folder, table=str(folder / "list.parquet")))
