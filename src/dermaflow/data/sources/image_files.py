"""Images in several folders and zips, found by their ids."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

from dermaflow.data.sources.archive import ZipFolder
from dermaflow.data.sources.image_folder import ImageFolder, by_stem
from dermaflow.data.sources.image_source import speakable
from dermaflow.errors import SourceError
from dermaflow.io.text import one_line


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
        places = [Path(path).expanduser() for path in paths]
        for path in places:
            folder = ZipFolder([path], key) if path.is_file() else ImageFolder(path, key)
            # A zip that lies in the folder and is read itself is no picture of it.
            inside = {str(p.relative_to(path)) for p in places if path in p.parents}
            for inner in folder.names():
                if inner not in inside:
                    self._add(path, folder, inner)

    def _add(self, path: Path, folder: ImageFolder | ZipFolder, inner: str) -> None:
        # A linked folder ends with a slash and stays as it is, for the quarantine to tell.
        name = inner if inner.endswith("/") else inner.rpartition("/")[2]
        if name in self._places:
            raise SourceError(f"{path}: '{one_line(name)}' occurs twice; which is right is unknown")
        self._places[name] = (folder, inner)

    def find(self, image_ids: pd.Series) -> pd.Series:
        """Name of the file of each id; ``<id>.jpg`` where there is none, so that it is missed.

        Raises:
            SourceError: two files have an id's name.
        """
        name_of = by_stem(self._places, set(image_ids))
        return image_ids.map(lambda i: i if pd.isna(i) else name_of.get(i, f"{i}.jpg"))

    def read(self, name: str) -> bytes:
        """Bytes of an image; safe to call from several threads. Raises OSError."""
        if name not in self._places:
            raise FileNotFoundError("in none of the folders and zips")
        folder, inner = self._places[name]
        return folder.read(inner)

    def names_without(self, known: Iterable[str]) -> list[str]:
        """Files that may be images and are not among the known, sorted."""
        return sorted(map(speakable, set(self._places) - set(known)))
