"""Rows of a table that say what cannot be, or name what must not be read."""

import contextlib
import os
import socket
import sys
from dataclasses import dataclass, field
from pathlib import Path

from dermaflow.data.sources.image_source import MAX_FILE_BYTES
from hostile.cases import Planted
from hostile.pictures import encode, picture

NO_FILE = "image cannot be read (no such file inside the folder)"
LINKED_OUT = "image cannot be read (a link that leads out of the folder; put the file in its place)"
UNNAMED = "image cannot be read (the row names no file)"
TOO_LARGE = f"image cannot be read (larger than {MAX_FILE_BYTES} bytes)"
UNKNOWN_LABEL = "label is none of the classes"
NO_LABEL = "label is missing"
NO_ID = "image_id is missing"
BAD_ID = "image_id is longer than 80 characters or holds control characters"
CONTRADICTION = "image_id is listed again with other data, and nothing tells which row is right"
REPEAT = "row repeats an earlier one"
STORED = "stored"

SOUND = "sound.png"


@dataclass(frozen=True)
class RowCase:
    """A row, and the reason that must be given for not keeping it, or ``stored``.

    ``cells`` stand in place of those of a sound row; ``again`` are the cells of a second row.
    """

    id: str
    reason: str
    cells: dict[str, str] = field(default_factory=dict)
    again: dict[str, str] | None = None

    def rows(self, number: int) -> list[dict[str, str]]:
        """The rows, each with all columns."""
        sound = {
            "id": f"row {number}", "file": SOUND, "dx": "nv", "age": "40", "sex": "female",
            "by": "histo", "where": "back",
        }  # fmt: skip
        first = sound | self.cells
        return [first] if self.again is None else [first, first | self.again]


LABELS = {
    "unknown": "Wart",
    "in another language": "Muttermal",
    "two at once": "nv|mel",
    "number": "3",
    "word for none": "None",
    "with a Greek letter": "n\u03bd",
    "with a NUL": "nv\0",
    "with a line break": "nv\nmel",
    "script": "<script>alert(1)</script>",
    "formula": '=cmd|" /C calc"!A0',
    "template": "{{7*7}}${jndi:ldap://x}",
    "SQL": "nv'; DROP TABLE images;--",
    "control sequence of a terminal": "\x1b[2J\x1b[31mnv",
    "of a page's length": "nv " * 600,
    "in a wrong encoding": "NÃ¤vus",
}

AGES = {
    "negative": "-1",
    "placeholder": "999",
    "year of birth": "1957",
    "in days": "14600",
    "infinite": "inf",
    "beyond any float": "1e400",
    "just above": "120.5",
}

FILES = {
    "absent": "absent.png",
    "outside": "../secret.png",
    "outside, by way of a folder": "folder/../../secret.png",
    "outside, with backslashes": "..\\secret.png",
    "outside, percent-encoded": "..%2fsecret.png",
    "back inside from outside": "../images/sound.png",
    "absolute": "/etc/passwd",
    "of the process": "/proc/self/environ",
    "device": "/dev/zero",
    "of a drive": "C:\\pictures\\sound.png",
    "on a share": "\\\\server\\share\\sound.png",
    "in the home folder": "~/sound.png",
    "with a variable": "$HOME/sound.png",
    "pattern": "*.png",
    "address": "https://example.org/sound.png",
    "file address": "file:///etc/passwd",
    "command": "| cat /etc/passwd",
    "with a NUL": "sound.png\0.txt",
    "with a line break": "sound\n.png",
    "longer than a name may be": "x" * 1900,
    "the folder itself": ".",
    "inside a zip": "packed.zip/a.png",
}

IDENTIFIERS = {
    "with a bell": "bell\a",
    "with a NUL": "nul\0nul",
    "with a line break": "line\nbreak",
    "control sequence of a terminal": "\x1b[2Jclear",
    "of a page's length": "x" * 1900,
}

CASES = [
    *(RowCase(f"label {name}", UNKNOWN_LABEL, {"dx": text}) for name, text in LABELS.items()),
    RowCase("label missing", NO_LABEL, {"dx": ""}),
    RowCase("label of blanks", NO_LABEL, {"dx": " \u00a0\t"}),
    *(RowCase(f"file {name}", NO_FILE, {"file": text}) for name, text in FILES.items()),
    RowCase("file missing", UNNAMED, {"file": ""}),
    *(RowCase(f"id {name}", BAD_ID, {"id": text}) for name, text in IDENTIFIERS.items()),
    RowCase("id missing", NO_ID, {"id": "", "file": "nameless.png"}),
    RowCase("id of blanks", NO_ID, {"id": " \u00a0 ", "file": "blank.png"}),
    RowCase("id again, all the same", REPEAT, again={}),
    RowCase(
        "id again with another label", CONTRADICTION, {"file": "other.png"}, {"dx": "mel"}
    ),
    RowCase("id again with another file", CONTRADICTION, again={"file": "other.png"}),
    RowCase("id again with another age", CONTRADICTION, again={"age": "41"}),
    RowCase("id again in other letters", CONTRADICTION, {"id": "Ä"}, {"id": "A\u0308", "age": "7"}),
    RowCase("id again with blanks around", CONTRADICTION, {"id": "B1"}, {"id": " B1 ", "age": "7"}),
]  # fmt: skip

# Whose one value that cannot be used counts as not known.
UNSET = [
    *(RowCase(f"age {name}", "age", {"age": text}) for name, text in AGES.items()),
    RowCase("sex of another list", "sex", {"sex": "W"}),
    RowCase("sex formula", "sex", {"sex": "=1+1"}),
    RowCase("dx_type guessed", "dx_type", {"by": "gut feeling"}),
]

ACCEPTED = [
    *(
        RowCase(f"age {text or 'missing'}", STORED, {"age": text})
        for text in ("0", "120", "unknown", "k. A.", "")
    ),
    RowCase("label with blanks around", STORED, {"dx": " nv\u00a0"}),
    RowCase("sex unknown", STORED, {"sex": "Unknown"}),
    RowCase("id that climbs out", STORED, {"id": "../../../etc/cron.d/id"}),
    RowCase("id of another alphabet", STORED, {"id": "画像-١"}),
    RowCase("id written backwards", STORED, {"id": "\u202egnp.exe"}),
    RowCase("id formula", STORED, {"id": "=HYPERLINK(1)"}),
    RowCase("place with separators and quotes", STORED, {"where": 'arm, "left"; 5" scar'}),
    RowCase("place of two lines", STORED, {"where": "arm\r\nleft"}),
    RowCase("label with a zero-width space", STORED, {"dx": "nv\u200b"}),
    RowCase("sex in capitals", STORED, {"sex": "FEMALE"}),
    RowCase("file of another case", STORED, {"file": "SOUND.PNG"}),
    RowCase("file without suffix", STORED, {"file": "sound"}),
    RowCase("file with a detour", STORED, {"file": "./folder/../sound.png"}),
    RowCase("file with backslashes", STORED, {"file": "folder\\inner.png"}),
]


def _plant_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as plug, contextlib.chdir(path.parent):  # its file stays
        plug.bind(path.name)  # a socket's name must be short


def _plant_sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(MAX_FILE_BYTES + 1)


FILE_CASES = [
    Planted("folder.jpg", lambda path: path.mkdir(), NO_FILE),
    Planted("dangling.jpg", lambda path: path.symlink_to("nowhere.jpg"), NO_FILE),
    Planted("escaping.jpg", lambda path: path.symlink_to("../secret.png"), LINKED_OUT),
    Planted("loop.jpg", lambda path: path.symlink_to(path), NO_FILE),
    Planted("device.jpg", lambda path: path.symlink_to("/dev/zero"), NO_FILE),
    Planted("pipe.jpg", os.mkfifo, NO_FILE),
    Planted("socket.jpg", _plant_socket, NO_FILE),
    Planted("sparse.jpg", _plant_sparse, TOO_LARGE),
    Planted("inner.zip", lambda path: path.write_bytes(b"PK\5\6" + bytes(18)), "not a JPEG"),
]

# Files that no row lists -> why they are told.
STRAYS = {
    "stray.jpg": "no row lists this file",
    "stray.gif": "no row lists this file",
    "stray without suffix": "no row lists this file",
    "deep/" * 60 + "stray.heic": "no row lists this file",
    "more.zip": "an archive among the images is not looked into; unpack it",
    "more.tar.gz": "an archive among the images is not looked into; unpack it",
    "linked/": "a link to a folder is not followed; put the files in its place",
}
if sys.platform == "linux":  # elsewhere names must be UTF-8
    STRAYS["caf\\xe9.jpg"] = "no row lists this file"
# Files that are nobody's loss.
IGNORED = ("notes.txt", "list.csv", ".DS_Store", "._sound.png", "Thumbs.db")


def plant_strays(images: Path) -> None:
    """Write ``STRAYS`` and ``IGNORED`` below the images' folder."""
    for name in STRAYS:
        path = images / name
        if name == "linked/":
            (images.parent / "elsewhere").mkdir()
            (images.parent / "elsewhere" / "a.png").write_bytes(encode(picture()))
            path.symlink_to("../elsewhere")
        elif "\\xe9" in name:
            with open(bytes(images) + b"/caf\xe9.jpg", "wb") as file:  # noqa: PTH123
                file.write(encode(picture()))
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(encode(picture()))
    for name in IGNORED:
        (images / name).write_bytes(b"-")
