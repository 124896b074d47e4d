"""From encoded bytes to stored pixels, on all processors, without torch."""

from __future__ import annotations

import hashlib
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

import numpy as np

from dermaflow.ml.image_store import Pixels, StoredImage
from dermaflow.ml.preprocess import ImageError, Preprocess

Item = TypeVar("Item")
Result = TypeVar("Result")

# Luma of ITU-R BT.601, the grey of most image libraries, in thousandths: whole numbers, and small
# enough for float32 to add them up to the same bits on every machine.
_LUMA = np.array([299, 587, 114], np.float32)

# By how much a mask's proportions may differ from its image's: it may be scaled, to whole pixels.
_PROPORTIONS = 0.02


def decode_image(image_id: str, read: Callable[[], bytes], preprocess: Preprocess) -> StoredImage:
    """Read and decode one image; what fails is told in ``info["error"]`` and has no pixels.

    Returns:
        Pixels uint8 (H, W, 3) with the info ``sha256`` of the encoded bytes, ``width`` and
        ``height`` of the upright original in pixels, ``brightness`` and ``contrast`` (see
        ``grey_statistics``) and ``error``.
    """
    info = dict.fromkeys(("sha256", "width", "height", "brightness", "contrast", "error"))
    try:
        encoded = read()
        info["sha256"] = hashlib.sha256(encoded).hexdigest()
        original = preprocess.open(encoded)
    except (OSError, ImageError) as error:
        return StoredImage(image_id, None, info | {"error": _explain(error)})
    pixels = preprocess.resize(original)
    brightness, contrast = grey_statistics(pixels)
    info |= {
        "width": original.width,
        "height": original.height,
        "brightness": brightness,
        "contrast": contrast,
    }
    return StoredImage(image_id, pixels, info)


def decode_mask(
    image_id: str,
    read: Callable[[], bytes | None],
    preprocess: Preprocess,
    size: tuple[float, float] | None = None,
) -> StoredImage:
    """Read and decode one lesion mask; it has no pixels where there is none or it fails.

    Args:
        image_id: of the image.
        read: gives the encoded mask, or None where there is none.
        preprocess: the image's own.
        size: width and height of the image, whose proportions the mask must have; None where they
            are not known.

    Returns:
        Pixels uint8 (H, W, 1), 0 or 255, with the info ``mask_area``, the share of pixels inside,
        and ``error``.
    """
    try:
        encoded = read()
        if encoded is None:
            return StoredImage(image_id, None, {"mask_area": None, "error": None})
        mask = preprocess.open_mask(encoded)
        if size is not None and not _is_scaled(mask.size, size):
            raise ImageError(
                f"its proportions, {mask.width} x {mask.height}, are not those of its image, "
                f"{size[0]:.0f} x {size[1]:.0f}"
            )
    except (OSError, ImageError) as error:
        return StoredImage(image_id, None, {"mask_area": None, "error": _explain(error)})
    pixels = preprocess.resize_mask(mask)
    return StoredImage(image_id, pixels, {"mask_area": float((pixels > 0).mean()), "error": None})


def grey_statistics(pixels: Pixels) -> tuple[float, float]:
    """Mean and standard deviation, 0–255, of the luma (BT.601) of RGB pixels (H, W, 3)."""
    grey = (pixels.astype(np.float32) @ _LUMA).astype(np.int32)
    return float(grey.mean() / 1000), float(grey.std() / 1000)


def _is_scaled(size: tuple[float, float], original: tuple[float, float]) -> bool:
    """Whether one size is the other scaled, as nearly as whole pixels allow."""
    one, other = size[0] * original[1], size[1] * original[0]
    return abs(one - other) <= _PROPORTIONS * max(one, other)


def map_in_threads(
    function: Callable[[Item], Result], items: Iterable[Item], workers: int | None = None
) -> Iterator[Result]:
    """Like ``map``, on several threads and in order, never more than a few results ahead.

    Decoders let go of Python's lock, so that threads do, and nothing has to be pickled.

    Args:
        function: safe to call from several threads.
        items: consumed as results are taken.
        workers: threads; all processors this process may use by default.
    """
    workers = workers or processors()
    remaining = iter(items)
    pool = ThreadPoolExecutor(workers, thread_name_prefix="decode")
    try:
        pending: deque[Future[Result]] = deque(
            pool.submit(function, item) for item in islice(remaining, 4 * workers)
        )
        while pending:
            result = pending.popleft().result()
            pending.extend(pool.submit(function, item) for item in islice(remaining, 1))
            yield result
    finally:
        pool.shutdown(cancel_futures=True)


def processors() -> int:
    """How many this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)  # not on macOS
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def _explain(error: OSError | ImageError) -> str:
    """Text without the number and the path that the system adds to its own errors."""
    return getattr(error, "strerror", None) or str(error)
