"""A folder of images for each class."""

from __future__ import annotations

import pandas as pd

from dermaflow.errors import SourceError
from dermaflow.params.sources import FolderSource
from dermaflow.schema import SOURCE_COLUMNS
from dermaflow.sources.base import speakable
from dermaflow.sources.image_folder import ImageFolder


class Folder:
    """Images whose label is the name of the folder they lie in, right below the source's.

    An image is named by its path without suffix, ``mel/a.jpg`` as ``mel_a``. Nothing tells which
    images show one lesion, so each is a lesion of its own until validate finds that it is not.

    Args:
        params: the folder and its licence.
        key: of the section in conf, for error texts.

    Raises:
        SourceError: there is no such folder, or no folder in it.
    """

    def __init__(self, params: FolderSource, key: str) -> None:
        self._images = ImageFolder(params.folder, f"{key}.folder")
        files = self._images.names()
        self._files = [file for file in files if "/" in file and not file.endswith("/")]
        self._unlisted = sorted(set(files) - set(self._files))
        if not self._files:
            raise SourceError(
                f"{params.folder} holds no folder with images: {key}.folder must name the one in "
                "which each class has a folder of its own"
            )
        self._licence = params.licence

    def records(self) -> pd.DataFrame:
        """Rows in the order of the paths."""
        names = [file.rpartition(".")[0].replace("/", "_") for file in self._files]
        told = {
            "image_id": names,
            "lesion_id": names,
            "label": [file.partition("/")[0] for file in self._files],
            "file": self._files,
            "licence": self._licence,
        }
        records = pd.DataFrame(told, columns=list(SOURCE_COLUMNS), dtype=object)
        return records.astype({"age": "float64"})

    def read(self, file: str) -> bytes:
        """Bytes of an image. Raises OSError."""
        return self._images.read(file)

    def read_mask(self, image_id: str) -> None:
        """There are no masks."""

    def unlisted(self) -> list[str]:
        """Files that lie in no class's folder, and folders that are links."""
        return [speakable(file) for file in self._unlisted]
