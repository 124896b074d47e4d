"""A list of a folder's files that lies in the folder, by which any change of them is found.

The digest of the list is the folder's: the SHA-256 of ``files.json``, as ``sha256sum`` prints it.
"""

from __future__ import annotations

import hashlib
import json
import stat
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from dermaflow.errors import IntegrityError

LIST_FILE = "files.json"
# MLflow writes this file to a model's folder whenever it loads or downloads a version.
MLFLOW_FILE = "registered_model_meta"
_UNLISTED = frozenset({LIST_FILE, MLFLOW_FILE})


@dataclass(frozen=True, order=True)
class ListedFile:
    """A file of the list.

    Attributes:
        name: relative to the folder, with ``/``.
        size: in bytes.
        sha256: 64 hex digits.
    """

    name: str
    size: int
    sha256: str


def write_list(folder: Path) -> str:
    """List all files of a folder in ``files.json`` there; gives the list's digest.

    Raises:
        IntegrityError: there is something that is neither a file nor a folder.
    """
    text = _as_text([_describe(folder, name) for name in _names(folder)])
    (folder / LIST_FILE).write_text(text, encoding="utf-8", newline="\n")
    return hashlib.sha256(text.encode()).hexdigest()


def check_list(folder: Path) -> str:
    """Require that the folder holds the listed files, unchanged, and no others.

    Returns:
        Digest of the list: 64 hex digits.

    Raises:
        IntegrityError: a file is missing, changed or too many, or is a link; or the list is missing
            or not as ``write_list`` writes it. The text names the first file.
    """
    listed, digest = read_list(folder)
    names = _names(folder)
    missing = sorted({file.name for file in listed}.difference(names))
    if missing:
        raise IntegrityError(f"{missing[0]} is missing{_and_more(missing)}")
    unknown = sorted(set(names).difference(file.name for file in listed))
    if unknown:
        raise IntegrityError(f"{unknown[0]} is not in {LIST_FILE}{_and_more(unknown)}")
    for file in listed:
        if (folder / file.name).stat().st_size != file.size or _describe(folder, file.name) != file:
            raise IntegrityError(f"{file.name} is not the file that was listed in {LIST_FILE}")
    return digest


def read_list(folder: Path) -> tuple[list[ListedFile], str]:
    """The list and its digest, without a look at the files.

    Raises:
        IntegrityError: it is missing or not as ``write_list`` writes it.
    """
    path = folder / LIST_FILE
    try:
        if path.is_symlink():
            raise IntegrityError(f"{LIST_FILE} is a link, not a file")
        content = path.read_bytes()
        listed = [ListedFile(**entry) for entry in json.loads(content)]
        is_whole = content == _as_text(sorted(listed)).encode()
    except FileNotFoundError as error:
        raise IntegrityError(f"{LIST_FILE}, the list of the files, is missing") from error
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise IntegrityError(f"{LIST_FILE}, the list of the files, is not readable") from error
    if not is_whole or len({file.name for file in listed}) < len(listed):
        raise IntegrityError(f"{LIST_FILE}, the list of the files, is not sorted or not whole")
    return listed, hashlib.sha256(content).hexdigest()


def _as_text(files: list[ListedFile]) -> str:
    """One line a file."""
    lines = ",\n".join(json.dumps(asdict(file)) for file in files)
    return f"[\n{lines}\n]\n"


def _names(folder: Path) -> list[str]:
    """Sorted names of the files at any depth, but for those that no list holds.

    Raises:
        IntegrityError: something is a link or no file.
    """
    names = []
    for path, mode in _walk(folder):
        name = path.relative_to(folder).as_posix()
        if stat.S_ISLNK(mode):
            raise IntegrityError(f"{name} is a link, not a file")
        if not stat.S_ISREG(mode):
            raise IntegrityError(f"{name} is not a regular file")
        names.append(name)
    return sorted(set(names) - _UNLISTED)


def _walk(folder: Path) -> Iterator[tuple[Path, int]]:
    """All that is no folder, with its mode; links are not followed."""
    for path in folder.iterdir():
        mode = path.lstat().st_mode
        if stat.S_ISDIR(mode):
            yield from _walk(path)
        else:
            yield path, mode


def _describe(folder: Path, name: str) -> ListedFile:
    with (folder / name).open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return ListedFile(name, file.tell(), digest)


def _and_more(names: list[str]) -> str:
    return f" (and {len(names) - 1} more)" if len(names) > 1 else ""
