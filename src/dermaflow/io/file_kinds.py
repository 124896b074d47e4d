"""What a file is that is not what its name says, by its first bytes."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

_SAVE = "save the table as 'CSV UTF-8'"
_UNPACK = "unpack it first"
_WORKBOOK = "a spreadsheet or an archive"


class FileKind(NamedTuple):
    """A kind of file.

    Attributes:
        name: with its article.
        advice: what to do where a table is wanted.
        is_parquet: whether it is a table after all.
    """

    name: str
    advice: str
    is_parquet: bool = False


_PAGE = FileKind(
    "a web page or XML", "was it downloaded without logging in? Download it again as CSV"
)
_KINDS = {
    b"PK\x03\x04": FileKind(_WORKBOOK, _SAVE),
    b"PK\x05\x06": FileKind(_WORKBOOK, _SAVE),  # an empty one
    b"\xd0\xcf\x11\xe0": FileKind("an old Excel workbook (.xls)", _SAVE),
    b"\x1f\x8b": FileKind("compressed by gzip", "unpack it first (gunzip)"),
    b"BZh": FileKind("compressed by bzip2", _UNPACK),
    b"\xfd7zXZ": FileKind("compressed by xz", _UNPACK),
    b"\x28\xb5\x2f\xfd": FileKind("compressed by zstd", _UNPACK),
    b"7z\xbc\xaf": FileKind("a 7z archive", _UNPACK),
    b"PAR1": FileKind("a Parquet table", "name it .parquet", is_parquet=True),
    b"%PDF-": FileKind("a PDF", _SAVE),
    b"{\\rtf": FileKind("a document (.rtf)", _SAVE),
    b"SQLite format 3": FileKind("a SQLite database", _SAVE),
    b"\x89HDF": FileKind("an HDF5 file", _SAVE),
    b"version https://git-lfs": FileKind(
        "a pointer of Git LFS in place of the file", "bring the file (git lfs pull)"
    ),
    **dict.fromkeys((b"<!doctype", b"<html", b"<?xml", b"<table"), _PAGE),
    b"{": FileKind("JSON", _SAVE),
    b"[{": FileKind("JSON", _SAVE),
}
_LONGEST = max(map(len, _KINDS))


def kind_of(path: Path) -> FileKind | None:
    """The kind of a file that is no text table; None where nothing speaks against one."""
    with path.open("rb") as file:
        start = file.read(_LONGEST + 64).removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    return next((kind for first, kind in _KINDS.items() if start.startswith(first.lower())), None)


def encoding_of(path: Path) -> str:
    """The likely encoding of a text that is not UTF-8, by the name that iconv has for it."""
    with path.open("rb") as file:
        start = file.read(2)
    return "UTF-16" if start in (b"\xff\xfe", b"\xfe\xff") else "CP1252"


# Files that are called images and are none that can be decoded here.
_PICTURES = {
    b"version https://git-lfs": "a pointer of Git LFS in its place: git lfs pull",
    b"GIF8": "a GIF",
    b"8BPS": "a Photoshop file",
    b"%PDF-": "a PDF",
    b"\xff\x0a": "JPEG XL",
    b"\xff\x4f\xff\x51": "JPEG 2000",
    **dict.fromkeys((b"<!doctype", b"<html", b"<?xml"), "a web page"),
}
# What stands behind `ftyp` in the container of newer cameras and phones.
_BRANDS = {b"hei": "HEIC, as phones write it", b"mif": "HEIC, as phones write it", b"avi": "AVIF"}


def picture_kind(content: bytes) -> str | None:
    """What bytes are that are called an image, with its article; None where that is unknown."""
    start = content[:64].lstrip().lower()
    for first, name in _PICTURES.items():
        if start.startswith(first.lower()):
            return name
    if content[4:8] == b"ftyp":
        return _BRANDS.get(content[8:11])
    return "DICOM" if content[128:132] == b"DICM" else None
