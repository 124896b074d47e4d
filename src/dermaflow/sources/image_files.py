"""Images in several folders and zips, found by their ids."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

import pandas as pd

from dermaflow.errors import SourceError
from dermaflow.sources.archive import ZipFolder
from dermaflow.sources.image_folder import ImageFolder


class ImageFiles:
    """All images in the given folders and zips, by their names.

    Args:
        paths: folders, and zips, which are read in place.
        key: the parameter that names them, for error texts.

    Raises:
        SourceError: one of them is missing or damaged, or two files have one name.
    """

    def __init__(self, paths: Sequence[str], key: str) -> None:
        self._places: dict[str, tuple[ImageFolder | ZipFolder, str]] = {}
        for path in (Path(path).expanduser() for path in paths):
            folder = ImageFolder(path, key) if not path.is_file() else ZipFolder([path], key)
            for inner in folder.names():
                name = PurePosixPath(inner).name
                if name in self._places:
                    raise SourceError(f"{path}: {name!r} occurs twice; which is right is unknown")
                self._places[name] = (folder, inner)

    def find(self, image_ids: pd.Series) -> pd.Series:
        """Name of the file of each id; ``<id>.jpg`` where there is none, so that it is missed."""
        name_of = {PurePosixPath(name).stem: name for name in self._places}
        return image_ids.map(lambda i: i if pd.isna(i) else name_of.get(i, f"{i}.jpg"))

    def read(self, name: str) -> bytes:
        """Bytes of an image; safe to call from several threads. Raises OSError."""
        if name not in self._places:
            raise FileNotFoundError("in none of the folders and zips")
        folder, inner = self._places[name]
        return folder.read(inner)

    def names_without(self, known: Iterable[str]) -> list[str]:
        """Images that are not among the known, sorted."""
        return sorted(set(self._places) - set(known))
