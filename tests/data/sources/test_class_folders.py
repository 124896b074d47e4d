"""One folder a class."""

import pytest

from conf_params import params_of
from dermaflow.data.sources.class_folders import Folder
from dermaflow.errors import SourceError
from dermaflow.params.sources import FolderSource
from dermaflow.schema import SOURCE_COLUMNS


def open_folder(path, **changes):
    params = FolderSource(kind="folder", folder=str(path), licence="internal", **changes)
    return Folder(params, "key", params_of("ingest").mask_suffixes)


@pytest.fixture
def folder(tmp_path):
    for file in ("mel/a.jpg", "nv/a.jpg", "nv/2024/b.PNG", "loose.jpg", "nv/notes.txt"):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_bytes(file.encode())
    return tmp_path


def test_the_folder_right_below_is_the_label(folder):
    records = open_folder(folder).records()
    assert tuple(records.columns) == SOURCE_COLUMNS
    assert dict(zip(records["file"], records["label"], strict=True)) == {
        "mel/a.jpg": "mel",
        "nv/2024/b.PNG": "nv",
        "nv/a.jpg": "nv",
    }
    assert set(records["licence"]) == {"internal"}


def test_equal_names_in_two_classes_are_two_images_of_unknown_lesions(folder):
    records = open_folder(folder).records()
    assert records["image_id"].tolist() == ["mel_a", "nv_2024_b", "nv_a"]
    assert records[["lesion_id", "patient_id"]].isna().all(axis=None)


def test_bytes_are_read_by_path_and_what_lies_in_no_class_is_unlisted(folder):
    source = open_folder(folder)
    assert source.read("nv/a.jpg") == b"nv/a.jpg"
    assert source.unlisted() == ["loose.jpg"]
    assert source.read_mask("nv_a") is None


def test_what_lies_beside_a_picture_under_its_name_is_no_picture(folder):
    for name in ("nv/a.NEF", "nv/a.xmp", "nv/scan.heic"):
        (folder / name).write_bytes(b"raw")
    source = open_folder(folder)
    assert source.unlisted() == ["loose.jpg", "nv/a.NEF"]
    # Of a picture that nobody can read here there is nothing else, so that it is told as one.
    assert "nv/scan.heic" in source.records()["file"].tolist()


def test_a_mask_beside_an_image_is_its_mask_and_no_image(folder):
    for name in ("nv/a_mask.png", "nv/2024/b_Segmentation.PNG", "nv/c_mask.png", "mel/a (3).jpg"):
        (folder / name).write_bytes(name.encode())
    (folder / "mel/a (3)_mask.png").write_bytes(b"M")
    source = open_folder(folder)
    # Nothing is there of which `c_mask.png` could be the mask.
    assert source.records()["file"].tolist() == [
        "mel/a (3).jpg", "mel/a.jpg", "nv/2024/b.PNG", "nv/a.jpg", "nv/c_mask.png",
    ]  # fmt: skip
    assert source.read_mask("nv_a") == b"nv/a_mask.png"
    assert source.read_mask("nv_2024_b") == b"nv/2024/b_Segmentation.PNG"
    assert source.read_mask("mel_a (3)") == b"M"
    assert source.read_mask("mel_a") is None
    assert source.unlisted() == ["loose.jpg"]


def test_what_fits_a_pattern_of_ignore_is_not_seen(folder):
    source = open_folder(folder, ignore=["LOOSE*", "nv/2024/*"])
    assert source.records()["file"].tolist() == ["mel/a.jpg", "nv/a.jpg"]
    assert source.unlisted() == []


def test_sides_of_somebodys_split_are_no_classes(tmp_path):
    for name in ("Train/mel/1.jpg", "Train/nv/1.jpg", "Test/mel/1.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
    with pytest.raises(SourceError, match=r"holds Test, Train in place of classes.*a prefix"):
        open_folder(tmp_path)
    assert open_folder(tmp_path / "Train").records()["label"].tolist() == ["mel", "nv"]
    (tmp_path / "mel").mkdir()
    (tmp_path / "mel/2.jpg").write_bytes(b"2")
    assert "Train" in open_folder(tmp_path).records()["label"].tolist()  # told as an unknown word


def test_a_folder_without_classes_is_refused(tmp_path):
    (tmp_path / "a.jpg").write_bytes(b"a")
    with pytest.raises(SourceError, match="each class has a folder of its own"):
        open_folder(tmp_path)
    with pytest.raises(SourceError, match=r"there is no folder .*nowhere: set key\.folder"):
        open_folder(tmp_path / "nowhere")
