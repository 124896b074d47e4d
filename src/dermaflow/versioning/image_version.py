"""Which code a container runs: its image says so, as it has neither git nor a repository."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterator
from pathlib import Path

from dermaflow.deploy.seed_project import NEW

# Set by the image; see the Dockerfile.
COMMIT, DIRTY, IMAGE = "DERMAFLOW_COMMIT", "DERMAFLOW_DIRTY", "DERMAFLOW_IMAGE"

_HASH = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_BOOLEANS = {"true": True, "false": False}
_CODE = "src/dermaflow"
_SETTINGS = ("conf", "pyproject.toml")
# As in `versioning.git`: `conf/local` holds secrets, and DVC writes its locks itself.
_LEFT_OUT = ("conf/local", "logs", "mlflow", ".dvc")
_LOCK, _TRACKED = "dvc.lock", ".dvc"
_NO_NEWLINE = b"\n\\ No newline at end of file\n"


def image_version(project_path: Path) -> tuple[str | None, bool | None]:
    """The commit that the image was built from, and whether code or configuration differ from it.

    They differ where the build says so, and where the volume's configuration or ``.dvc`` files are
    not the image's.

    Returns:
        None for what is not known: both outside an image, in one that was built without saying, and
        where the project's code is not the image's; whether they differ where the build did not
        say.
    """
    commit, image = os.environ.get(COMMIT, ""), _image(project_path)
    if not _HASH.fullmatch(commit) or image is None:
        return None, None
    dirty = _BOOLEANS.get(os.environ.get(DIRTY, ""))
    return commit, True if _settings(project_path) != _settings(image) else dirty


def image_patch(project_path: Path) -> bytes:
    """The volume's changes of configuration and ``.dvc`` files, for ``git apply`` to the commit.

    Returns:
        Nothing where there are none, and where there may be changes in the image itself.
    """
    image = _image(project_path)
    if image is None or os.environ.get(DIRTY) != "false":
        return b""
    old, new = _settings(image), _settings(project_path)
    changed = (path for path in sorted(old.keys() | new.keys()) if old.get(path) != new.get(path))
    return b"".join(line for path in changed for line in _diff(path, old.get(path), new.get(path)))


def _image(project_path: Path) -> Path | None:
    """The folder in the image whose code is the project's."""
    image, code = Path(os.environ.get(IMAGE, "")), project_path / _CODE
    own = image.is_absolute() and code.exists() and code.samefile(image / _CODE)
    return image if own else None


def _diff(path: str, old: bytes | None, new: bytes | None) -> Iterator[bytes]:
    name = path.encode()
    yield b"diff --git a/%s b/%s\n" % (name, name)
    if old is None:
        yield b"new file mode 100644\n"
    if new is None:
        yield b"deleted file mode 100644\n"
    lines = difflib.diff_bytes(
        difflib.unified_diff,
        (old or b"").splitlines(keepends=True),
        (new or b"").splitlines(keepends=True),
        b"/dev/null" if old is None else b"a/" + name,
        b"/dev/null" if new is None else b"b/" + name,
    )
    for line in lines:
        yield line if line.endswith(b"\n") else line + _NO_NEWLINE


def _settings(folder: Path) -> dict[str, bytes]:
    """Content of the files that decide a result beside the code, by their path."""
    found: dict[str, bytes] = {}
    for root, folders, names in os.walk(folder):
        inner = Path(root).relative_to(folder)
        folders[:] = [name for name in folders if (inner / name).as_posix() not in _LEFT_OUT]
        for name in names:
            path = inner / name
            decides = path.parts[0] in _SETTINGS and name != _LOCK and not name.endswith(NEW)
            if decides or name.endswith(_TRACKED):
                found[path.as_posix()] = (folder / path).read_bytes()
    return found
