"""Any number of photograph-like JPEGs, made in little time."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from dermaflow.data.sources.phantoms.source import LICENCE, Phantoms
from dermaflow.io.progress import Progress
from dermaflow.io.seeding import numpy_generator
from dermaflow.params.sources import PhantomSource, TableSource

SIZE = (600, 450)  # of HAM10000's photographs, in pixels

_DISTINCT = 200  # pictures that are drawn
_NOISE = 3.0  # standard deviation of a camera's noise, of 255
_QUALITY = 90
_IN_FOLDER = 1000  # files


def write_generated(folder: Path, count: int, seed: int) -> list[str]:
    """Write ``count`` JPEGs of which no two are equal byte by byte; returns their paths.

    Phantoms are enlarged and given noise; that takes too long to be done for each file, so that a
    picture comes in many files, which differ by a comment with their number.
    """
    drawn = _draw(min(count, _DISTINCT), seed)
    encoded = [_encode(picture, index) for index, picture in enumerate(drawn)]
    files = []
    for number in Progress(range(count), "Writing images", unit="image"):
        place = folder / f"{number // _IN_FOLDER:04d}"
        place.mkdir(parents=True, exist_ok=True)
        path = place / f"{number:07d}.jpg"
        path.write_bytes(_with_comment(encoded[number % len(encoded)], number))
        files.append(str(path))
    return files


def list_generated(files: list[str], folder: Path, table: Path) -> TableSource:
    """Write a table of these files of a folder."""
    names = [Path(file).relative_to(folder).as_posix() for file in files]
    ids = [Path(file).stem for file in files]
    pd.DataFrame({"image_id": ids, "file": names, "label": "nv"}).to_parquet(table, index=False)
    return TableSource(
        kind="table",
        table=str(table),
        images=str(folder),
        columns={name: name for name in ("image_id", "file", "label")},
        licence=LICENCE,
    )


def _draw(count: int, seed: int) -> list[bytes]:
    params = PhantomSource(
        kind="phantoms", images={"nv": count}, images_per_lesion=1, planted_faults=False
    )
    phantoms = Phantoms(params, seed)
    return [phantoms.read(file) for file in phantoms.records()["file"]]


def _encode(picture: bytes, index: int) -> bytes:
    with Image.open(io.BytesIO(picture)) as image:
        enlarged = np.asarray(image.convert("RGB").resize(SIZE, Image.Resampling.BICUBIC))
    noise = numpy_generator(index, "noise").normal(0, _NOISE, enlarged.shape)
    noisy = np.clip(enlarged + noise, 0, 255).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noisy).save(buffer, "JPEG", quality=_QUALITY)
    return buffer.getvalue()


def _with_comment(encoded: bytes, number: int) -> bytes:
    """The same JPEG with its number in a comment (marker FFFE) behind the start of the image."""
    comment = b"%07d" % number
    length = (len(comment) + 2).to_bytes(2, "big")
    return encoded[:2] + b"\xff\xfe" + length + comment + encoded[2:]
