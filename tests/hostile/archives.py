"""Zips written byte by byte, so that they can lie."""

import gzip
import os
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

from hostile.cases import Case, Planted
from hostile.pictures import encode, picture

NOWHERE = "in none of the folders and zips"
NO_IMAGE = "not a JPEG, PNG, BMP, TIFF or WebP image"
DAMAGED = "damaged inside its zip"
UNREADABLE = "is no readable zip; download it again"
TWICE = "occurs twice; which is right is unknown"


@dataclass(frozen=True)
class Member:
    """A file in a zip; what is None is told truthfully.

    ``at`` names another member whose place and bytes this one claims.
    """

    name: str | bytes
    data: bytes = b""
    method: int = zipfile.ZIP_STORED
    packed: bytes | None = None
    crc: int | None = None
    size: int | None = None
    packed_size: int | None = None
    local_name: bytes | None = None
    flags: int = 0
    version: int = 20
    mode: int = 0
    extra: bytes = b""
    offset: int = 0
    at: str | None = None


def raw_name(member: Member) -> bytes:
    return member.name.encode() if isinstance(member.name, str) else member.name


def deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


def _packed(member: Member) -> bytes:
    if member.packed is not None:
        return member.packed
    return deflate(member.data) if member.method == zipfile.ZIP_DEFLATED else member.data


def _fields(member: Member) -> bytes:
    """What the local and the central header share, from flags to sizes."""
    flags = member.flags if isinstance(member.name, bytes) else member.flags | 0x800
    crc = zlib.crc32(member.data) if member.crc is None else member.crc
    size = len(member.data) if member.size is None else member.size
    packed_size = len(_packed(member)) if member.packed_size is None else member.packed_size
    return struct.pack("<HHHHIII", flags, member.method, 0, 0x5821, crc, packed_size, size)


def make_zip(members: Sequence[Member], *, size: int | None = None) -> bytes:
    """A zip of the members; ``size`` is what its end record says of its directory."""
    body, offsets = b"", {}
    for member in members:
        if member.at is None:
            offsets[member.name] = len(body)
            name = raw_name(member) if member.local_name is None else member.local_name
            lengths = struct.pack("<HH", len(name), 0)
            head = b"PK\3\4" + struct.pack("<H", member.version) + _fields(member) + lengths
            body += head + name + _packed(member)
    central = b""
    for member in members:
        place = offsets[member.at or member.name] + member.offset
        name = raw_name(member)
        central += b"PK\1\2" + struct.pack("<HH", 0x0314, member.version) + _fields(member)
        central += struct.pack("<HHHHHII", len(name), len(member.extra), 0, 0, 0, member.mode << 16,
                               place) + name + member.extra  # fmt: skip
    size = len(central) if size is None else size
    end = struct.pack("<HHHHIIH", 0, 0, len(members), len(members), size, len(body), 0)
    return body + central + b"PK\5\6" + end


@dataclass(frozen=True)
class MemberCase:
    """Members beside sound ones, and what is said of the image ``<id>.jpg`` among them.

    ``stored`` where the image is none the worse for it.
    """

    id: str
    members: Sequence[Member]
    reason: str


def _case(id: str, reason: str, **lies) -> MemberCase:
    data = lies.pop("data", encode(picture(), "JPEG"))
    return MemberCase(id, [Member(f"{id}.jpg", data, **lies)], reason)


def _zip64(size: int) -> bytes:
    return struct.pack("<HHQQ", 1, 16, size, size)


MEMBERS = [
    _case("bad_checksum", DAMAGED, crc=1),
    _case("encrypted", "encrypted inside its zip", flags=1),
    _case("lzma", "compressed by an unusual method inside its zip", method=14),
    _case("deflate64", "compressed by an unusual method inside its zip", method=9),
    _case("unknown_method", "compressed by an unusual method inside its zip", method=4711),
    _case("not_deflated", DAMAGED, method=8, packed=b"pixels" * 99),
    _case("cut_inside", DAMAGED, method=8, packed=deflate(bytes(range(256)))[:-20]),
    _case("bomb", "it may be a zip bomb", method=8, data=bytes(8 * 2**20)),
    _case("says_it_is_smaller", DAMAGED, method=8, size=100),
    _case("says_it_is_larger", DAMAGED, size=10**6),
    _case(
        "says_it_is_a_terabyte",
        "bytes inside its zip",
        size=0xFFFFFFFF, packed_size=0xFFFFFFFF, extra=_zip64(2**40),
    ),
    _case("link", "a link inside its zip, which is not followed", data=b"/etc/passwd",
          mode=stat.S_IFLNK | 0o777),
    _case("other_name_inside", DAMAGED, local_name=b"another.jpg"),
    _case("place_is_elsewhere", DAMAGED, offset=7),
    _case("no_bytes", "empty file", data=b""),
    _case("web_page", NO_IMAGE, data=b"<html>404</html>"),
    _case("text_mode", NO_IMAGE, data=encode(picture()).replace(b"\r\n", b"\n")),
    MemberCase("folder", [Member("folder.jpg/")], NOWHERE),
    MemberCase("absent", [], NOWHERE),
    MemberCase(
        "overlapped",
        [
            Member("overlapped.jpg", encode(picture(), "JPEG")),
            Member("kernel.jpg", encode(picture(), "JPEG"), at="overlapped.jpg"),
        ],
        "shares its bytes with another file of its zip",
    ),
    MemberCase(
        "inside_another_zip",
        [Member("more.zip", make_zip([Member("inside_another_zip.jpg", b"")]))],
        NOWHERE,
    ),
    MemberCase(
        "in_a_tar", [Member("more.tar", b"in_a_tar.jpg".ljust(1024, b"\0"))], NOWHERE
    ),
    MemberCase("under_another_suffix", [Member("under_another_suffix.gif", b"GIF89a")],
               NOWHERE),
    MemberCase("cut_by_a_nul", [Member("cut_by_a_nul\0.jpg", b"x")], NOWHERE),
]  # fmt: skip

# Names that would leave a folder, if anything were unpacked: they are read by their last part.
CLIMBING = {
    "climbs": "../../climbs.jpg",
    "climbs_backwards": "..\\..\\climbs_backwards.jpg",
    "absolute": "/etc/absolute.jpg",
    "of_a_drive": "C:\\Windows\\of_a_drive.jpg",
    "on_a_share": "\\\\server\\share\\on_a_share.jpg",
    "through_a_link": "linked/../../through_a_link.jpg",
    "far_down": "d/" * 2000 + "far_down.jpg",
}
ACCEPTED = [
    MemberCase(id, [Member(name, encode(picture()))], "stored") for id, name in CLIMBING.items()
]

# Files in the zips that no row lists -> why they are told.
STRAYS = {
    "more.zip": "an archive among the images is not looked into; unpack it",
    "more.tar": "an archive among the images is not looked into; unpack it",
    "under_another_suffix.gif": "no row lists this file",
    "kernel.jpg": "no row lists this file",
    "cut_by_a_nul": "no row lists this file",
    "stranger_segmentation.png": "no row lists this file",
}


def sound() -> bytes:
    return make_zip([Member("a.jpg", b"a" * 99), Member("b.jpg", b"b" * 99)])


def gzipped_tar() -> bytes:
    buffer = BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as file:
        file.addfile(tarfile.TarInfo("a.jpg"))
    return buffer.getvalue()


ARCHIVES = [
    Case("no bytes", lambda: b"", UNREADABLE),
    Case("web page", lambda: b"<html>Accept our terms</html>" * 9, UNREADABLE),
    Case("gzip", lambda: gzip.compress(sound()), UNREADABLE),
    Case("tar", gzipped_tar, UNREADABLE),
    Case("7z", lambda: b"7z\xbc\xaf\x27\x1c\0\4" + bytes(99), UNREADABLE),
    Case("rar", lambda: b"Rar!\x1a\7\1\0" + bytes(99), UNREADABLE),
    Case("cut before its directory", lambda: sound()[:150], UNREADABLE),
    Case("cut in its end record", lambda: sound()[:-10], UNREADABLE),
    Case("without its first half", lambda: sound()[300:], UNREADABLE),
    Case("sent as text", lambda: sound().replace(b"\0", b""), UNREADABLE),
    Case(
        "directory larger than the zip", lambda: make_zip([Member("a.jpg")], size=10**6), UNREADABLE
    ),
    Case("directory of noise", lambda: sound().replace(b"PK\1\2", b"XX\1\2"), UNREADABLE),
    Case("of a future version", lambda: make_zip([Member("a.jpg", version=255)]), UNREADABLE),
    Case(
        "name in a wrong encoding",
        lambda: make_zip([Member(b"\xff\xfe.jpg", flags=0x800)]),
        UNREADABLE,
    ),
    Case(
        "64-bit sizes without their field",
        lambda: make_zip([Member("a.jpg", size=0xFFFFFFFF, extra=b"\1\0\x10\0\0\0")]),
        UNREADABLE,
    ),
    Case(
        "64-bit end record that is not there",
        lambda: sound()[:-22] + b"PK\6\7" + bytes(4) + struct.pack("<QI", 2**40, 1) + sound()[-22:],
        UNREADABLE,
    ),
    Case("a name twice", lambda: make_zip([Member("a.jpg"), Member("a.jpg", b"other")]), TWICE),
    Case(
        "a name in two folders",
        lambda: make_zip([Member("x/a.jpg"), Member("y\\a.jpg", b"other")]),
        TWICE,
    ),
    Case("a name of the other zip", lambda: make_zip([Member("sound.jpg")]), TWICE),
    Planted("absent", lambda path: None, "is missing (see ingest.sources.clinic"),
    Planted("folder", lambda path: path.mkdir(), "is no file"),
    Planted("pipe", os.mkfifo, "is no file"),
    Planted("dangling link", lambda path: path.symlink_to("nowhere"), "is missing"),
]
