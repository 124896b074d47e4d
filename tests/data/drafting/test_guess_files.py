"""The column that names images is found by the images, however it writes their names."""

import pandas as pd
import pytest

from dermaflow.data.drafting.guess_files import explain_no_files, guess_files

NAMES = [f"{2023 + n % 2}/IMG_{n}.jpg" for n in range(20)]
PLAIN = [f"IMG_{n}.jpg" for n in range(20)]


def table(**columns):
    return pd.DataFrame(columns, dtype=object)


def guess(cells, names=NAMES):
    return guess_files(cells, names, "data/fotos", ["_mask"])


@pytest.mark.parametrize(
    "written",
    [
        NAMES,
        [name.removesuffix(".jpg") for name in NAMES],
        [name.replace("/", "\\") for name in NAMES],
        [f"data/fotos/{name}" for name in NAMES],
        [f"D:\\export\\{name}" for name in NAMES],
        [name.upper() for name in NAMES],
        PLAIN,
        [f"IMG_{n}" for n in range(20)],
    ],
)
def test_names_are_matched_as_ingest_matches_them(written):
    found = guess(table(number=map(str, range(20)), picture=written))
    assert (found.column, found.matched) == ("picture", 20)
    assert found.files.tolist() == NAMES
    assert found.unlisted == found.missing == []


def test_rows_without_an_image_and_files_without_a_row_are_told():
    written = [*NAMES[2:], "2023/gone.jpg", None]
    found = guess(table(picture=written))
    assert found.matched == 18
    assert found.missing == ["2023/gone.jpg"]
    assert found.unlisted == NAMES[:2]
    assert "18 of 20 rows" in found.evidence


def test_a_mask_beside_its_image_is_in_no_row_for_good_reason():
    names = [*NAMES, "2023/IMG_0_mask.png", "2023/other_mask.png"]
    assert guess(table(picture=NAMES), names).unlisted == ["2023/other_mask.png"]


def test_names_that_two_folders_have_are_no_names_without_folders():
    names = [*PLAIN, *(f"thumbnails/{name}" for name in PLAIN)]
    assert guess(table(picture=PLAIN), names).files.tolist() == PLAIN


def test_rows_that_tell_folders_apart_are_not_matched_by_name_alone():
    """`2023/1.jpg` is there and `2024/1.jpg` is not: it must not get the other one's picture."""
    names = [f"2023/{n}.jpg" for n in range(20)]
    found = guess(table(picture=[*names, *(f"2024/{n}.jpg" for n in range(20))]), names)
    assert found.matched == 20


def test_of_two_columns_of_images_the_dermoscopic_one_is_taken_and_the_other_told():
    names = [f"{kind}{n}.jpg" for n in range(20) for kind in "cd"]
    found = guess(table(clinic=names[0::2], derm=names[1::2]), names)
    assert (found.column, found.others, found.unlisted) == ("derm", {"clinic": 20}, [])


def test_a_column_that_names_the_same_files_is_no_other_one():
    found = guess(table(id=[f"IMG_{n}" for n in range(20)], file=NAMES))
    assert (found.column, found.others) == ("file", {})


def test_chance_makes_no_column_of_files():
    assert guess(table(picture=[f"x{n}.jpg" for n in range(20)])) is None
    error = explain_no_files(table(file=["x.dcm"], age=["3"]), NAMES, "t.csv", "fotos")
    for part in ("no column of t.csv names files of fotos", "'file' ('x.dcm')", "2023/IMG_0.jpg"):
        assert part in str(error)
