"""The least that ingest's result needs: Pillow's decoding and resizing, results dropped."""

from __future__ import annotations

import io
import multiprocessing
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from math import ceil
from types import TracebackType
from typing import NamedTuple

from PIL import Image, ImageOps

from dermaflow.data.images.preprocess import JPEG_MARGIN
from dermaflow.io.processors import processors


class Cost(NamedTuple):
    """Seconds by the clock, and by the processors."""

    wall: float
    cpu: float


def decode_bare(
    file: bytes | str, size: tuple[int, int], mode: str = "RGB", reduced: bool = True
) -> None:
    """Decode and resize bytes or a file.

    Args:
        size: width and height in pixels.
        mode: of Pillow.
        reduced: decode a JPEG at a fraction of its size where the stage does.
    """
    with Image.open(io.BytesIO(file) if isinstance(file, bytes) else file) as image:
        if reduced and mode == "RGB":
            image.draft(None, (ceil(JPEG_MARGIN * size[0]), ceil(JPEG_MARGIN * size[1])))
        ImageOps.fit(image.convert(mode), size, Image.Resampling.BILINEAR)


def loop(files: Sequence[str], size: tuple[int, int], reduced: bool) -> Cost:
    """Decode files one after the other."""
    wall, cpu = time.perf_counter(), time.process_time()
    for file in files:
        decode_bare(file, size, reduced=reduced)
    return Cost(time.perf_counter() - wall, time.process_time() - cpu)


class Ceiling:
    """Decodes files in as many processes as there are processors, which share nothing at all.

    As a context; the processes are there when it begins.

    Args:
        size: width and height in pixels.
    """

    def __init__(self, size: tuple[int, int]) -> None:
        self._size = size
        self._workers = processors()
        spawn = multiprocessing.get_context("spawn")
        self._pool = ProcessPoolExecutor(self._workers, mp_context=spawn)

    def __enter__(self) -> Ceiling:
        for started in [self._pool.submit(time.sleep, 0.5) for _ in range(self._workers)]:
            started.result()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._pool.shutdown(cancel_futures=True)

    def run(self, files: Sequence[str]) -> Cost:
        """Decode files once."""
        wall = time.perf_counter()
        parts = [
            self._pool.submit(loop, files[first :: self._workers], self._size, True)
            for first in range(self._workers)
        ]
        cpu = sum(part.result().cpu for part in parts)
        return Cost(time.perf_counter() - wall, cpu)
