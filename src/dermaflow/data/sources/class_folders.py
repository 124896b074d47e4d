"""A folder of images for each class."""

from __future__ import annotations

import pandas as pd

from dermaflow.data.sources.image_folder import ImageFolder
from dermaflow.data.sources.image_source import IMAGE_SUFFIXES, speakable
from dermaflow.errors import SourceError
from dermaflow.io.untrusted_tables import same_letters
from dermaflow.params.sources import FolderSource
from dermaflow.schema import SOURCE_COLUMNS


class Folder:
    """Images whose label is the name of the folder they lie in, right below the source's.

    An image is named by its path without suffix, ``mel/a.jpg`` as ``mel_a``. Nothing tells which
    images show one lesion.

    Args:
        params: the folder and its licence.
        key: of the section in conf, for error texts.

    Raises:
        SourceError: there is no such folder, or no folder in it.
    """

    def __init__(self, params: FolderSource, key: str) -> None:
        self._images = ImageFolder(params.folder, f"{key}.folder")
        self.folder = self._images.path
        # By names that can be written down, whatever bytes the system found in them.
        names = {speakable(name): name for name in self._images.names()}
        inside = {n: name for n, name in names.items() if "/" in n and not n.endswith("/")}
        # Beside a picture lie raw data of the camera and notes about it, under the same name.
        pictures = {n.rpartition(".")[0] for n in inside if n.lower().endswith(IMAGE_SUFFIXES)}
        self._files = {
            n: name
            for n, name in inside.items()
            if n.lower().endswith(IMAGE_SUFFIXES) or n.rpartition(".")[0] not in pictures
        }
        self._unlisted = sorted(names.keys() - self._files.keys())
        if not self._files:
            raise SourceError(
                f"{params.folder} holds no folder with images: {key}.folder must name the one in "
                "which each class has a folder of its own"
            )
        self._licence = params.licence

    def records(self) -> pd.DataFrame:
        """Rows in the order of the paths."""
        files = list(self._files)
        names = [same_letters(file.rpartition(".")[0].replace("/", "_")) for file in files]
        told = {
            "image_id": names,
            "label": [same_letters(file.partition("/")[0]) for file in files],
            "file": files,
            "licence": self._licence,
        }
        records = pd.DataFrame(told, columns=list(SOURCE_COLUMNS), dtype=object)
        return records.astype({"age": "float64"})

    def read(self, file: str) -> bytes:
        """Bytes of an image. Raises OSError."""
        return self._images.read(self._files.get(file, file))

    def read_mask(self, image_id: str) -> None:
        """There are no masks."""

    def unlisted(self) -> list[str]:
        """Files in no class's folder, or beside a picture of their name; links to folders."""
        return self._unlisted
