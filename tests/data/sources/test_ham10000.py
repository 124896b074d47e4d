"""HAM10000 is read as downloaded; a small folder of the same layout stands in for it."""

import os
import zipfile

import pandas as pd
import pytest

from conf_params import params_of
from dermaflow.data.images.preprocess import Preprocess
from dermaflow.data.sources.ham10000 import Ham10000, take_lesions
from dermaflow.errors import SourceError
from dermaflow.params.sources import HAM10000_IMAGES as IMAGES
from dermaflow.params.sources import HAM10000_MASKS as MASKS
from dermaflow.params.sources import HAM10000_METADATA as METADATA
from dermaflow.params.sources import Ham10000Source
from dermaflow.schema import SOURCE_COLUMNS

HEADER = "lesion_id,image_id,dx,dx_type,age,sex,localization\n"
ROWS = (
    "HAM_1,ISIC_1,bkl,histo,80.0,male,scalp\n"
    "HAM_1,ISIC_2,bkl,histo,80.0,male,scalp\n"
    "HAM_2,ISIC_3,nv,follow_up,,unknown,unknown\n"
)

UNKNOWN = params_of("ingest").unknown
REAL = os.environ.get("DERMAFLOW_HAM10000_DIR")


@pytest.fixture
def folder(tmp_path):
    (tmp_path / METADATA).write_text(HEADER + ROWS)
    for name, members in {
        IMAGES[0]: {"ISIC_1.jpg": b"one", "ISIC_2.jpg": b"two"},
        IMAGES[1]: {"ISIC_3.jpg": b"three", "ISIC_9.jpg": b"nine"},
        MASKS: {f"{MASKS[:-4]}/ISIC_1_segmentation.png": b"mask"},
    }.items():
        with zipfile.ZipFile(tmp_path / name, "w") as file:
            for member, content in members.items():
                file.writestr(member, content)
    return tmp_path


def open_folder(folder, limit=None):
    return Ham10000(
        Ham10000Source(kind="ham10000", folder=str(folder), limit=limit),
        "ingest.sources.ham10000",
        UNKNOWN,
    )


def test_records_carry_the_table_and_its_licence(folder):
    records = open_folder(folder).records()
    assert tuple(records.columns) == SOURCE_COLUMNS
    assert records["image_id"].tolist() == ["ISIC_1", "ISIC_2", "ISIC_3"]
    assert records["label"].tolist() == ["bkl", "bkl", "nv"]
    assert records["file"].tolist() == ["ISIC_1.jpg", "ISIC_2.jpg", "ISIC_3.jpg"]
    assert set(records["licence"]) == {"CC BY-NC 4.0"}


def test_what_is_unknown_is_missing(folder):
    last = open_folder(folder).records().iloc[-1]
    assert last[["age", "sex", "localization", "patient_id"]].isna().all()
    assert open_folder(folder).records()["age"].dtype == "float64"


def test_images_and_masks_are_read_from_their_zips(folder):
    source = open_folder(folder)
    assert source.read("ISIC_2.jpg") == b"two"
    assert source.read("ISIC_3.jpg") == b"three"
    assert source.read_mask("ISIC_1") == b"mask"
    assert source.read_mask("ISIC_2") is None
    with pytest.raises(FileNotFoundError):
        source.read("ISIC_404.jpg")


def test_unpacked_folders_are_as_good_whatever_the_case_of_their_names(folder):
    """As on Kaggle, where each folder is there twice, and by the archive's other table."""
    expected = open_folder(folder).records()
    for name in (*IMAGES, MASKS):
        for unpacked in (name[:-4], name[:-4].lower()):
            with zipfile.ZipFile(folder / name) as file:
                file.extractall(folder / unpacked)
        (folder / name).unlink()
    (folder / METADATA).write_text((HEADER + ROWS).replace(",", "\t"))
    (folder / METADATA).rename(folder / "HAM10000_metadata.tab")
    (folder / "hmnist_28_28_RGB.csv").write_text("pixel0000,label\n1,2\n")
    source = open_folder(folder)
    pd.testing.assert_frame_equal(source.records(), expected)
    assert (source.read("ISIC_3.jpg"), source.read_mask("ISIC_1")) == (b"three", b"mask")
    assert source.unlisted() == ["ISIC_9.jpg"]
    params = Ham10000Source(kind="ham10000", folder=str(folder))
    assert {path.name for path in params.raw_paths()} == {
        "HAM10000_images_part_1",
        "HAM10000_images_part_2",
        "HAM10000_metadata.tab",
        "HAM10000_segmentations_lesion_tschandl",
    }


def test_reading_leaves_nothing_on_disk(folder):
    before = sorted(folder.rglob("*"))
    source = open_folder(folder)
    source.read("ISIC_1.jpg")
    assert sorted(folder.rglob("*")) == before


def test_the_segmentations_may_be_absent(folder):
    (folder / MASKS).unlink()
    assert open_folder(folder).read_mask("ISIC_1") is None


@pytest.mark.parametrize("limit", [None, 1])
def test_images_without_a_row_are_told_whatever_the_limit(folder, limit):
    assert open_folder(folder, limit).unlisted() == ["ISIC_9.jpg"]


def test_a_missing_folder_names_key_and_variable(tmp_path):
    with pytest.raises(SourceError) as caught:
        open_folder(tmp_path / "nowhere")
    for part in ("nowhere", "ingest.sources.ham10000.folder", "DERMAFLOW_HAM10000_DIR", METADATA):
        assert part in str(caught.value)


@pytest.mark.parametrize("name", [*IMAGES, METADATA])
def test_a_missing_file_is_named(folder, name):
    (folder / name).unlink()
    with pytest.raises(SourceError, match=f"{name}.*ingest.sources.ham10000"):
        open_folder(folder).records()


def test_a_missing_column_is_named(folder):
    (folder / METADATA).write_text((HEADER + ROWS).replace("dx,", "diagnosis,", 1))
    with pytest.raises(SourceError, match=rf"{METADATA} has no column 'dx' for label"):
        open_folder(folder).records()


def make_lesions():
    sizes = {"nv": 60, "mel": 9, "df": 2}
    rows = [
        {"image_id": f"{label}_{lesion}_{shot}", "lesion_id": f"{label}_{lesion}", "label": label}
        for label, lesions in sizes.items()
        for lesion in range(lesions)
        for shot in range(1 + lesion % 2)
    ]
    return pd.DataFrame(rows)


@pytest.mark.parametrize("limit", [6, 20, 77, 1000])
def test_a_limit_is_met_and_holds_every_class(limit):
    records = make_lesions()
    taken = take_lesions(records, limit)
    assert len(taken) == min(limit, len(records))
    assert set(taken["label"]) == set(records["label"])
    assert taken["image_id"].is_unique


def test_a_larger_limit_adds_and_takes_nothing_away():
    records = make_lesions()
    small = set(take_lesions(records, 20)["image_id"])
    assert small < set(take_lesions(records, 40)["image_id"])


def test_a_limit_takes_the_same_lesions_whatever_the_order_of_rows():
    records = make_lesions()
    shuffled = records.sample(frac=1, random_state=3).reset_index(drop=True)
    taken = [set(take_lesions(table, 30)["lesion_id"]) for table in (records, shuffled)]
    assert taken[0] == taken[1]


def test_at_most_one_lesion_is_cut_by_a_limit():
    records = make_lesions()
    whole = records["lesion_id"].value_counts()
    taken = take_lesions(records, 25)["lesion_id"].value_counts()
    assert (taken < whole[taken.index]).sum() <= 1


@pytest.mark.skipif(not REAL, reason="DERMAFLOW_HAM10000_DIR is not set")
def test_the_real_archive_has_the_published_counts():
    source = open_folder(REAL)
    records = source.records()
    assert records["label"].value_counts().to_dict() == {
        "nv": 6705, "mel": 1113, "bkl": 1099, "bcc": 514, "akiec": 327, "vasc": 142, "df": 115,
    }  # fmt: skip
    assert records["lesion_id"].nunique() == 7470
    assert source.unlisted() == []
    preprocess = Preprocess(48, 64)
    for row in records.iloc[::2000].itertuples():
        assert preprocess.decode(source.read(row.file)).std() > 5
        mask = source.read_mask(row.image_id)
        assert mask is None or 0 < (preprocess.decode_mask(mask) > 0).mean() <= 1
