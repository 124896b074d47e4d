"""A folder of small files (an HTML site, say) as a Kedro dataset."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kedro.io import AbstractDataset, DatasetError

from dermaflow.io.atomic_files import replacing_folder


class FolderDataset(AbstractDataset[dict[str, bytes], dict[str, bytes]]):
    """Files by their relative path, ``{"index.html": b"..."}``, written and replaced together.

    Args:
        filepath: the folder.
        metadata: free for hooks and plugins; not read here.
    """

    def __init__(self, *, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        self._filepath = Path(filepath)
        self.metadata = metadata

    def load(self) -> dict[str, bytes]:
        """Read every file below the folder."""
        files = sorted(path for path in self._filepath.rglob("*") if path.is_file())
        return {path.relative_to(self._filepath).as_posix(): path.read_bytes() for path in files}

    def save(self, data: dict[str, bytes]) -> None:
        """Write the files to a new folder and put it in the old one's place."""
        with replacing_folder(self._filepath) as partial:
            for name, content in data.items():
                path = (partial / name).resolve()
                if not path.is_relative_to(partial.resolve()):
                    raise DatasetError(f"{name!r} would be written outside {self._filepath}")
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)

    def _exists(self) -> bool:
        return self._filepath.is_dir()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath)}
