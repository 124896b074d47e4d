"""Files that a run stands on, which nobody may replace until it has ended."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from dermaflow.errors import BusyError
from dermaflow.versioning.stages.fingerprint import HashCache


class RunFiles:
    """Hashes of what a run has made, or has found and takes as it is.

    Locks keep other runs away; what people and other programs do (``dvc checkout``, an editor) is
    found here.

    Args:
        project_path: root of the project.
        hashes: of files.
    """

    def __init__(self, project_path: Path, hashes: HashCache) -> None:
        self._project_path, self._hashes = project_path, hashes
        self._known: dict[str, str] = {}

    def know(self, files: Mapping[str, str | None]) -> None:
        """Take files for what they are now.

        Args:
            files: path from the project's root -> hash; None where there is nothing.
        """
        self._known |= {path: value for path, value in files.items() if value}

    def require(self, *paths: str) -> None:
        """Raise BusyError if one of these files, as far as they are known, is another by now."""
        for path in paths:
            known = self._known.get(path)
            if known and self._hashes.hash(self._project_path / path) != known:
                raise BusyError(
                    f"{path} was replaced while this run went on, by another process or by hand: "
                    "what the run says would be of other data; the same command again starts from "
                    "what is there"
                )

    def require_all(self) -> None:
        """Raise BusyError if any known file is another by now."""
        self.require(*self._known)
