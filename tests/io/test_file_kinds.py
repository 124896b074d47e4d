"""What a file is, by its first bytes."""

import bz2
import gzip
import lzma
import sqlite3

import pytest

from dermaflow.io.file_kinds import encoding_of, kind_of, picture_kind

TEXT = b"id,file,dx\na,a.jpg,mel\n"


def database(path):
    with sqlite3.connect(path) as connection:
        connection.execute("create table images (id text)")


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (gzip.compress(TEXT, mtime=0), "gzip"),
        (bz2.compress(TEXT), "bzip2"),
        (lzma.compress(TEXT), "xz"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504), ".xls"),
        (b"\xef\xbb\xbf\r\n <!DOCTYPE html><html>", "web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n", "Git LFS"),
        (b'[{"id": "a"}]', "JSON"),
    ],
)
def test_a_file_that_is_no_table_is_named(tmp_path, content, name):
    (tmp_path / "list.csv").write_bytes(content)
    assert name in kind_of(tmp_path / "list.csv").name


def test_a_database_is_named(tmp_path):
    database(tmp_path / "list.csv")
    assert "SQLite" in kind_of(tmp_path / "list.csv").name


@pytest.mark.parametrize("content", [TEXT, b"", b"\xef\xbb\xbfid;dx\n", b"<id>,dx\n", b"[id],dx\n"])
def test_nothing_speaks_against_a_table(tmp_path, content):
    (tmp_path / "list.csv").write_bytes(content)
    assert kind_of(tmp_path / "list.csv") is None


def test_the_encoding_is_named_as_iconv_does(tmp_path):
    (tmp_path / "a").write_bytes("Läsion".encode("utf-16"))
    (tmp_path / "b").write_bytes("Läsion".encode("cp1252"))
    assert (encoding_of(tmp_path / "a"), encoding_of(tmp_path / "b")) == ("UTF-16", "CP1252")


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1", "HEIC, as phones write it"),
        (b"\0\0\0\x1cftypavif\0\0\0\0", "AVIF"),
        (bytes(128) + b"DICM" + bytes(9), "DICOM"),
        (b"version https://git-lfs.github.com/spec/v1\noid", "Git LFS"),
        (b"\r\n<HTML><title>404", "a web page"),
        (b"GIF89a", "a GIF"),
    ],
)
def test_a_picture_of_a_kind_that_cannot_be_decoded_is_named(content, name):
    assert name in picture_kind(content)


@pytest.mark.parametrize("content", [b"", b"\xff\xd8\xff\xe0", b"\x89PNG\r\n", bytes(200), b"ab"])
def test_nothing_is_said_of_others(content):
    assert picture_kind(content) is None
