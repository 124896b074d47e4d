"""A folder with sound pictures in which hostile files are planted, and what must hold of it."""

import contextlib
import csv
import logging
import resource
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from dermaflow.params.validate import ValidateParams
from hostile.pictures import encode, picture, pixels
from hostile.stages import Outcome, run_stages

COLUMNS = {
    "image_id": "id", "file": "file", "label": "dx", "age": "age", "sex": "sex", "dx_type": "by",
    "localization": "where",
}  # fmt: skip
SOUND = {"sound 1": 1, "sound 2": 2, "sound 3": 3}  # image_id -> seed of its pixels
_SOUND_CELLS = {"dx": "nv", "age": "40", "sex": "female", "by": "histo", "where": "back"}
_MEMORY = 4 * 2**30


def describe_table(folder: Path, table: str = "list.csv", *, masks: bool = False) -> dict:
    """Parameters of a table source: ``list.csv`` beside ``images``, and ``masks`` if asked for."""
    return {
        "kind": "table",
        "table": str(folder / table),
        "images": str(folder / "images"),
        "masks": str(folder / "masks") if masks else None,
        "columns": COLUMNS,
        "licence": "internal",
    }


def write_table(folder: Path, rows: list[dict[str, str]]) -> Path:
    """Write sound pictures and ``list.csv`` of theirs and the given rows; return the images."""
    images = folder / "images"
    images.mkdir()
    for name, seed in SOUND.items():
        (images / f"{name}.png").write_bytes(encode(picture(seed)))
    listed = [{"id": name, "file": f"{name}.png"} for name in SOUND]
    with (folder / "list.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(COLUMNS.values()), quoting=csv.QUOTE_ALL)
        writer.writeheader()
        writer.writerows(_SOUND_CELLS | row for row in [*listed, *rows])
    return images


def run_watched(root: Path, source: dict, params: ValidateParams) -> Outcome:
    """Run both stages into ``root/work/out``, and check what must hold whatever came in."""
    target = root / "work" / "out"
    with unchanged(root, but=target), bounded(), quiet():
        outcome = run_stages(target, source, params)
    came_in = len(outcome.records) + len(outcome.unlisted) + outcome.report["unusable_masks"]
    assert came_in == len(outcome.clean) + len(outcome.quarantine)
    assert outcome.quarantine["reason"].str.len().gt(0).all()
    for name, seed in SOUND.items():
        assert outcome.fate(name) == "stored"
        assert np.array_equal(outcome.pixels(name), pixels(seed))
    return outcome


@contextlib.contextmanager
def unchanged(folder: Path, but: Path | None = None) -> Iterator[None]:
    """Nothing may appear, vanish or change below a folder, except ``but``, nor appear here."""
    if but is not None:
        but.mkdir(parents=True)
    before, here = _listing(folder, but), sorted(Path.cwd().iterdir())
    yield
    assert _listing(folder, but) == before
    assert sorted(Path.cwd().iterdir()) == here


def _listing(folder: Path, but: Path | None) -> dict[str, tuple[int, int]]:
    """Size and time of everything below a folder, links not followed."""
    return {
        str(path): (path.lstat().st_size, path.lstat().st_mtime_ns)
        for path in folder.rglob("*")
        if not (but and path.is_relative_to(but))
    }


@contextlib.contextmanager
def bounded() -> Iterator[None]:
    """What asks for gibibytes beyond what the process has fails."""
    statm = Path("/proc/self/statm")
    if not statm.exists():  # not on Linux
        yield
        return
    limits = resource.getrlimit(resource.RLIMIT_AS)
    size = int(statm.read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (size + _MEMORY, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, limits)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Without what libraries say about files that are broken on purpose."""
    logging.disable(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        finally:
            logging.disable(logging.NOTSET)
