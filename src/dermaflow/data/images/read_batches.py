"""Reading a store a batch at a time."""

from __future__ import annotations

from collections.abc import Iterator

from dermaflow.data.images.image_store import ImageStore
from dermaflow.data.images.pixel_modes import Pixels
from dermaflow.io.progress import Progress


def read_batches(
    store: ImageStore, image_ids: list[str], batch_size: int, title: str
) -> Iterator[Pixels]:
    """Pixels of the given images a batch at a time, behind a progress bar."""
    rows = store.rows(image_ids)
    with Progress(total=len(rows), desc=title, unit="img") as progress:
        for start in range(0, len(rows), batch_size):
            pixels = store.take(rows[start : start + batch_size])
            yield pixels
            progress.update(len(pixels))
