"""Zips made by somebody else are read in place, and only what is safe of them."""

import zipfile
from concurrent.futures import ThreadPoolExecutor

import pytest

from dermaflow.data.sources import archive
from dermaflow.data.sources.archive import ZipFolder
from dermaflow.errors import SourceError


def make_zip(path, members, method=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", method) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return path


def patch_bytes(path, old, new, count=-1):
    content = path.read_bytes()
    assert old in content
    path.write_bytes(content.replace(old, new, count))


def test_images_of_several_zips_are_read_by_bare_name(tmp_path):
    one = make_zip(tmp_path / "1.zip", {"folder/a.jpg": b"A", "folder/notes.txt": b"-"})
    two = make_zip(tmp_path / "2.zip", {"b.PNG": b"B", "notes.txt": b"-"})
    folder = ZipFolder([one, two], "key")
    assert folder.names() == ["a.jpg", "b.PNG"]
    assert (folder.read("a.jpg"), folder.read("b.PNG")) == (b"A", b"B")


@pytest.mark.parametrize("name", ["../../evil.jpg", "/etc/evil.jpg", "..\\evil.jpg"])
def test_paths_that_climb_out_are_bare_names_and_write_nothing(tmp_path, name):
    path = make_zip(tmp_path / "1.zip", {name: b"x"})
    folder = ZipFolder([path], "key")
    assert folder.read("evil.jpg") == b"x"
    assert sorted(tmp_path.rglob("*")) == [path]


def test_shadow_files_of_macos_are_no_images(tmp_path):
    path = make_zip(tmp_path / "1.zip", {"a.jpg": b"A", "__MACOSX/._a.jpg": b"shadow"})
    assert ZipFolder([path], "key").names() == ["a.jpg"]


def test_a_name_in_two_zips_is_refused(tmp_path):
    one = make_zip(tmp_path / "1.zip", {"x/a.jpg": b"A"})
    two = make_zip(tmp_path / "2.zip", {"y/a.jpg": b"B"})
    with pytest.raises(SourceError, match=r"2\.zip: 'a\.jpg' occurs twice"):
        ZipFolder([one, two], "key")


def test_a_missing_zip_names_file_and_key(tmp_path):
    with pytest.raises(SourceError, match=r"part\.zip is missing \(see ingest\.folder\)"):
        ZipFolder([tmp_path / "part.zip"], "ingest.folder")


def test_a_cut_download_is_refused(tmp_path):
    path = make_zip(tmp_path / "1.zip", {"a.jpg": bytes(1000)})
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(SourceError, match="download it again"):
        ZipFolder([path], "key")


def test_a_missing_image_is_a_file_not_found(tmp_path):
    path = make_zip(tmp_path / "1.zip", {"a.jpg": b"A"})
    with pytest.raises(FileNotFoundError):
        ZipFolder([path], "key").read("b.jpg")


def test_an_encrypted_image_is_refused(tmp_path):
    path = make_zip(tmp_path / "1.zip", {"a.jpg": b"A"})
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1  # general purpose flags, low byte
    path.write_bytes(content)
    with pytest.raises(OSError, match="encrypted"):
        ZipFolder([path], "key").read("a.jpg")


def test_a_zip_bomb_is_refused_unread(tmp_path):
    path = make_zip(tmp_path / "1.zip", {"a.jpg": bytes(8 * 2**20)})
    assert path.stat().st_size < 10_000
    with pytest.raises(OSError, match="zip bomb"):
        ZipFolder([path], "key").read("a.jpg")


def test_an_image_that_declares_too_much_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "MAX_FILE_BYTES", 10)
    path = make_zip(tmp_path / "1.zip", {"a.jpg": bytes(range(11))})
    with pytest.raises(OSError, match="larger than 10 bytes"):
        ZipFolder([path], "key").read("a.jpg")


def test_unusual_compression_is_refused(tmp_path):
    path = make_zip(tmp_path / "1.zip", {"a.jpg": b"A"}, zipfile.ZIP_LZMA)
    with pytest.raises(OSError, match="unusual method"):
        ZipFolder([path], "key").read("a.jpg")


def test_a_flipped_bit_fails_the_checksum(tmp_path):
    path = make_zip(tmp_path / "1.zip", {"a.jpg": b"pixels", "b.jpg": b"B"}, zipfile.ZIP_STORED)
    patch_bytes(path, b"pixels", b"pixelz")
    folder = ZipFolder([path], "key")
    with pytest.raises(OSError, match="damaged"):
        folder.read("a.jpg")
    assert folder.read("b.jpg") == b"B"


def test_an_image_larger_than_it_declares_is_not_read_beyond(tmp_path):
    path = make_zip(tmp_path / "1.zip", {"a.jpg": bytes(2**20)})
    declared = (2**20).to_bytes(4, "little")
    patch_bytes(path, declared, (100).to_bytes(4, "little"))
    with pytest.raises(OSError, match="damaged"):
        ZipFolder([path], "key").read("a.jpg")


def test_threads_read_what_one_reads(tmp_path):
    contents = {f"{i}.jpg": bytes([i]) * 5000 for i in range(100)}
    folder = ZipFolder([make_zip(tmp_path / "1.zip", contents)], "key")
    with ThreadPoolExecutor(8) as pool:
        read = list(pool.map(folder.read, list(contents) * 5))
    assert read == list(contents.values()) * 5
