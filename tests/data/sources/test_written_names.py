"""How rows write their files, and which files those are."""

import pandas as pd
import pytest

from dermaflow.data.sources.written_names import find_names
from dermaflow.errors import SourceError

NAMES = ["a.jpg", "sub/b.png", "Ä.png", "c.jpg", "c.png", "scan.v2.tif", "raw.dcm"]


def found(*written, folders=("/data/images/",)):
    return find_names(pd.Series(written, dtype=object), NAMES, folders).tolist()


def test_a_row_may_write_a_name_without_suffix_with_backslashes_or_with_the_folder():
    assert found("a", "sub\\b.png", "sub/b", "/data/images/sub/b.png", "./x/../a.jpg") == [
        "a.jpg",
        "sub/b.png",
        "sub/b.png",
        "sub/b.png",
        "a.jpg",
    ]
    assert found("scan.v2", "scan.v2.tif") == ["scan.v2.tif", "scan.v2.tif"]


def test_what_is_not_found_stays_as_it_is_written():
    assert found("a", "d.jpg", "x/b.png", "raw", " a.jpg")[1:] == [
        "d.jpg", "x/b.png", "raw", " a.jpg",
    ]  # fmt: skip
    missing = find_names(pd.Series(["a", None], dtype=object), NAMES, ())
    assert missing.isna().tolist() == [False, True]


def test_a_name_in_another_case_is_found_where_one_file_alone_has_it():
    names = ["IMG_1.JPG", "img_2.jpg", "IMG_2.jpg"]
    written = pd.Series(["img_1.jpg", "IMG_1", "Img_2.jpg", "IMG_2.jpg"])
    assert find_names(written, names, ()).tolist() == [
        "IMG_1.JPG", "IMG_1.JPG", "Img_2.jpg", "IMG_2.jpg",
    ]  # fmt: skip


def test_letters_that_look_the_same_are_the_same_and_the_name_is_that_on_disk():
    on_disk = ["A\u0308.png"]
    assert find_names(pd.Series(["\u00c4", "\u00c4.png"]), on_disk, ()).tolist() == on_disk * 2


def test_a_name_that_two_files_have_is_refused_only_where_it_is_wanted():
    assert found("c.jpg", "c.png", "a") == ["c.jpg", "c.png", "a.jpg"]
    with pytest.raises(SourceError, match=r"there are c\.jpg and c\.png; which of them is 'c'"):
        found("a", "c")


def test_a_name_without_folder_is_found_in_the_one_folder_that_has_it():
    """As HAM10000 comes from Kaggle: images in two folders, and a table that names none."""
    names = ["1/a.jpg", "2/b.jpg", "1/c.jpg", "2/c.jpg", "d.jpg", "2/d.jpg"]
    written = pd.Series(["a", "B.JPG", "c.jpg", "d"], dtype=object)
    assert find_names(written, names, ()).tolist() == [
        "1/a.jpg", "2/b.jpg", "c.jpg", "d.jpg",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("written", "names"),
    [
        # The table is of another machine.
        (["C:\\fotos\\mel\\1.jpg", "C:\\fotos\\nv\\1.jpg"], ["mel/1.jpg", "nv/1.jpg"]),
        (["/home/x/d/mel/1", "/home/x/d/nv/1"], ["mel/1.jpg", "nv/1.jpg"]),
        # It begins further down, or further up, in the tree than the folder does.
        (["val/00/1.jpg", "val/01/1.jpg"], ["data/val/00/1.jpg", "data/val/01/1.jpg"]),
        (["set/images/1.jpg", "set/images/2.jpg"], ["raw/1.jpg", "raw/2.jpg"]),
    ],
)
def test_folders_before_all_names_may_be_others(caplog, written, names):
    assert find_names(pd.Series(written, dtype=object), names, ()).tolist() == names
    assert "The table writes its files below" in caplog.text


def test_a_row_of_another_folder_gets_no_picture_of_its_name():
    names = ["2024/1.jpg", "2024/2.jpg"]
    assert found("a", "2023/a.jpg")[1] == "2023/a.jpg"
    written = pd.Series(["2024/1.jpg", "2023/2.jpg"], dtype=object)
    assert find_names(written, names, ()).tolist() == ["2024/1.jpg", "2023/2.jpg"]


def test_no_name_leads_outside_however_it_is_written():
    assert found("../a.jpg", "../b.png") == ["../a.jpg", "../b.png"]
