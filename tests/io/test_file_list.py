"""A folder against the list of its files."""

import hashlib
import json
import os

import pytest

from dermaflow.errors import IntegrityError
from dermaflow.io.file_list import LIST_FILE, MLFLOW_FILE, ListedFile, check_list, read_list
from dermaflow.io.file_list import write_list as write


@pytest.fixture
def folder(tmp_path):
    """Three files, of which one is empty, and their list."""
    made = tmp_path / "model"
    (made / "deep/er").mkdir(parents=True)
    (made / "b").write_bytes(b"")
    (made / "deep/er/a").write_bytes(b"abc")
    (made / "é ö").write_bytes(bytes(range(256)))
    write(made)
    return made


def test_the_list_names_every_file_with_its_size_and_hash(folder):
    files, digest = read_list(folder)
    assert files == [
        ListedFile("b", 0, hashlib.sha256(b"").hexdigest()),
        ListedFile("deep/er/a", 3, hashlib.sha256(b"abc").hexdigest()),
        ListedFile("é ö", 256, hashlib.sha256(bytes(range(256))).hexdigest()),
    ]
    assert digest == hashlib.sha256((folder / LIST_FILE).read_bytes()).hexdigest()
    assert check_list(folder) == digest == write(folder)


def test_the_file_that_mlflow_writes_is_no_part_of_the_list(folder):
    digest = check_list(folder)
    (folder / MLFLOW_FILE).write_text("model_name: m\n")
    assert check_list(folder) == digest == write(folder)
    (folder / "deep" / MLFLOW_FILE).write_text("elsewhere it is a file as any other")
    with pytest.raises(IntegrityError, match=f"deep/{MLFLOW_FILE} is not in"):
        check_list(folder)


CHANGES = {
    "one bit": (lambda f: (f / "deep/er/a").write_bytes(b"abb"), "deep/er/a is not the file that"),
    "longer": (lambda f: (f / "b").write_bytes(b"b"), "b is not the file that was listed"),
    "missing": (lambda f: (f / "b").unlink(), "^b is missing$"),
    "too many": (lambda f: (f / "deep/new").touch(), "^deep/new is not in files.json$"),
    "hidden": (lambda f: (f / ".new").touch(), "^.new is not in files.json$"),
    "another name": (lambda f: (f / "b").rename(f / "c"), "^b is missing$"),
    "no list": (lambda f: (f / LIST_FILE).unlink(), "list of the files, is missing"),
    "a pipe": (lambda f: os.mkfifo(f / "pipe"), "pipe is not a regular file"),
    "a link": (lambda f: (f / "b").rename(f.parent / "b") and (f / "b").symlink_to(f.parent / "b"),
               "b is a link"),
    "a folder that is a link": (lambda f: (f / "deep").rename(f.parent / "deep")
                                and (f / "deep").symlink_to(f.parent / "deep"), "deep is a link"),
    "a list that is a link": (lambda f: (f / LIST_FILE).rename(f.parent / "l")
                              and (f / LIST_FILE).symlink_to(f.parent / "l"), "json is a link"),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_every_change_of_the_folder_is_found(folder, change):
    alter, message = CHANGES[change]
    alter(folder)
    with pytest.raises(IntegrityError, match=message):
        check_list(folder)


DAMAGE = {
    "not JSON": (lambda text: text[:-5], "is not readable"),
    "not UTF-8": (lambda text: text.encode() + b"\xff", "is not readable"),
    "no list": (lambda text: "3", "is not readable"),
    "deep": (lambda text: "[" * 100_000, "is not readable"),
    "a key too many": (lambda text: text.replace('"size"', '"more": 1, "size"'), "not readable"),
    "a number as a name": (lambda text: text.replace('"b"', "7"), "is not readable"),
    "unsorted": (
        lambda text: json.dumps(json.loads(text)[::-1]),
        "is not sorted or not whole",
    ),
    "twice": (lambda text: text.replace("\n]", ",\n" + text.splitlines()[3] + "\n]"), "not sorted"),
    "blanks": (lambda text: text + " ", "is not sorted or not whole"),
    "other marks": (lambda text: text.replace("\\u00e9", "é"), "is not sorted or not whole"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_list_that_is_not_as_it_was_written_is_refused(folder, damage):
    spoil, message = DAMAGE[damage]
    text = spoil((folder / LIST_FILE).read_text())
    (folder / LIST_FILE).write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(IntegrityError, match=message):
        check_list(folder)


def test_a_file_less_in_the_list_is_a_file_too_many_in_the_folder(folder):
    whole = check_list(folder)
    lines = (folder / LIST_FILE).read_text().splitlines(keepends=True)
    (folder / LIST_FILE).write_text("".join(lines[:1] + lines[2:]))
    with pytest.raises(IntegrityError, match=r"^b is not in files.json$"):
        check_list(folder)
    (folder / "b").unlink()
    assert check_list(folder) != whole  # which is why a digest is kept elsewhere


def test_names_that_lead_out_of_the_folder_are_missing_files(folder):
    (folder.parent / "outside").write_bytes(b"abc")
    text = (folder / LIST_FILE).read_text().replace("deep/er/a", "../outside")
    entries = sorted(json.loads(text), key=lambda entry: entry["name"])
    lines = ",\n".join(json.dumps(entry) for entry in entries)
    (folder / LIST_FILE).write_text(f"[\n{lines}\n]\n")
    with pytest.raises(IntegrityError, match=r"\.\./outside is missing"):
        check_list(folder)
