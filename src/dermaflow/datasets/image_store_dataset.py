"""Image store as a Kedro dataset."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kedro.io import AbstractDataset

from dermaflow.data.images.image_store import ImageBatch, ImageStore, write_image_store


class ImageStoreDataset(AbstractDataset[ImageBatch, ImageStore]):
    """Saves an ``ImageBatch`` a picture at a time; loads an ``ImageStore`` that maps its shards.

    Args:
        filepath: the store's folder.
        metadata: free for hooks and plugins; not read here.
    """

    def __init__(self, *, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        self._filepath = Path(filepath)
        self.metadata = metadata

    def load(self) -> ImageStore:
        """Open the store; no pixels are read yet."""
        return ImageStore(self._filepath)

    def save(self, data: ImageBatch) -> None:
        """Write the store and replace the old one once the new is whole."""
        write_image_store(self._filepath, data)

    def _exists(self) -> bool:
        return (self._filepath / "meta.json").exists()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath)}
