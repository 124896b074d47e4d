"""A folder of images for each class."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from dermaflow.data.sources.image_folder import ImageFolder
from dermaflow.data.sources.image_source import IMAGE_SUFFIXES, speakable
from dermaflow.data.sources.mask_files import find_masks
from dermaflow.errors import SourceError
from dermaflow.io.text import one_line
from dermaflow.io.untrusted_tables import same_letters
from dermaflow.params.sources import FolderSource
from dermaflow.schema import SOURCE_COLUMNS

_SPLITS = {"train", "training", "val", "valid", "validation", "dev", "test", "testing"}


class Folder:
    """Images whose label is the name of the folder they lie in, right below the source's.

    An image is named by its path without suffix, ``mel/a.jpg`` as ``mel_a``; beside it may lie its
    lesion mask, ``mel/a_mask.png``. Nothing tells which images show one lesion.

    Args:
        params: the folder and its licence.
        key: of the section in conf, for error texts.
        mask_suffixes: what stands behind an image's name in that of its mask.

    Raises:
        SourceError: there is no such folder, or no folder in it.
    """

    def __init__(self, params: FolderSource, key: str, mask_suffixes: Sequence[str]) -> None:
        self._images = ImageFolder(params.folder, f"{key}.folder", ignore=params.ignore)
        self.folder = self._images.path
        # By names that can be written down, whatever bytes the system found in them.
        names = {speakable(name): name for name in self._images.names()}
        inside = {n: name for n, name in names.items() if "/" in n and not n.endswith("/")}
        _refuse_splits(params.folder, {n.partition("/")[0] for n in inside}, key)
        # Beside a picture lie raw data of the camera and notes about it, under the same name.
        pictures = {_stem(n) for n in inside if n.lower().endswith(IMAGE_SUFFIXES)}
        found = find_masks(inside, pictures, mask_suffixes)
        masks = set(found.values())
        self._files = {
            n: name
            for n, name in inside.items()
            if n not in masks and (n.lower().endswith(IMAGE_SUFFIXES) or _stem(n) not in pictures)
        }
        self._unlisted = sorted(names.keys() - self._files.keys() - masks)
        self._mask_of = {_image_id(image): inside[mask] for image, mask in found.items()}
        if not self._files:
            raise SourceError(
                f"{params.folder} holds no folder with images: {key}.folder must name the one in "
                "which each class has a folder of its own"
            )
        self._licence = params.licence

    def records(self) -> pd.DataFrame:
        """Rows in the order of the paths."""
        files = list(self._files)
        told = {
            "image_id": [_image_id(_stem(file)) for file in files],
            "label": [same_letters(file.partition("/")[0]) for file in files],
            "file": files,
            "licence": self._licence,
        }
        records = pd.DataFrame(told, columns=list(SOURCE_COLUMNS), dtype=object)
        return records.astype({"age": "float64"})

    def read(self, file: str) -> bytes:
        """Bytes of an image. Raises OSError."""
        return self._images.read(self._files.get(file, file))

    def read_mask(self, image_id: str) -> bytes | None:
        """The mask beside the image, or None. Raises OSError."""
        file = self._mask_of.get(image_id)
        return self._images.read(file) if file else None

    def unlisted(self) -> list[str]:
        """Files in no class's folder, or beside a picture of their name; links to folders."""
        return self._unlisted


def _refuse_splits(folder: str, labels: set[str], key: str) -> None:
    """Raise SourceError where the folders are the sides of somebody's split, not classes."""
    if labels and {label.casefold() for label in labels} <= _SPLITS:
        named = ", ".join(sorted(map(one_line, labels)))
        raise SourceError(
            f"{folder} holds {named} in place of classes: describe each of them as a source of its "
            f"own, with a prefix where they name images alike (see {key}.folder)"
        )


def _stem(file: str) -> str:
    return file.rpartition(".")[0]


def _image_id(stem: str) -> str:
    return same_letters(stem.replace("/", "_"))
