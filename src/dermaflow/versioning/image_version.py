"""Which code a container runs: its image says so, as it has neither git nor a repository."""

from __future__ import annotations

import os
import re
from pathlib import Path

# Set by the image; see the Dockerfile.
COMMIT, DIRTY, IMAGE = "DERMAFLOW_COMMIT", "DERMAFLOW_DIRTY", "DERMAFLOW_IMAGE"

_HASH = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_BOOLEANS = {"true": True, "false": False}
_CODE = "src/dermaflow"
_SETTINGS = ("conf", "pyproject.toml")
# As in `versioning.git`: `conf/local` holds secrets, and DVC writes its locks itself.
_LEFT_OUT = ("conf/local", "logs", "mlflow", ".dvc")
_LOCK, _TRACKED = "dvc.lock", ".dvc"


def image_version(project_path: Path) -> tuple[str | None, bool | None]:
    """The commit that the image was built from, and whether code or configuration differ from it.

    They differ where the build says so, and where the volume's configuration or ``.dvc`` files are
    not the image's.

    Returns:
        None for what is not known: both outside an image, in one that was built without saying, and
        where the project's code is not the image's; whether they differ where the build did not
        say.
    """
    commit, image = os.environ.get(COMMIT, ""), Path(os.environ.get(IMAGE, ""))
    code = project_path / _CODE
    if not _HASH.fullmatch(commit) or not image.is_absolute():
        return None, None
    if not code.exists() or not code.samefile(image / _CODE):
        return None, None
    dirty = _BOOLEANS.get(os.environ.get(DIRTY, ""))
    return commit, True if _settings(project_path) != _settings(image) else dirty


def _settings(folder: Path) -> dict[str, bytes]:
    """Content of the files that decide a result beside the code, by their path."""
    found: dict[str, bytes] = {}
    for root, folders, names in os.walk(folder):
        inner = Path(root).relative_to(folder)
        folders[:] = [name for name in folders if (inner / name).as_posix() not in _LEFT_OUT]
        for name in names:
            path = inner / name
            decides = path.parts[0] in _SETTINGS and name != _LOCK
            if decides or name.endswith(_TRACKED):
                found[path.as_posix()] = (folder / path).read_bytes()
    return found
