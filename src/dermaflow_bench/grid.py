"""The training over image sizes, batches and processes: speed, share of the ceiling, memory."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from dermaflow.data.images.image_store import ImageBatch, StoredImage, write_image_store
from dermaflow.io.progress import Progress
from dermaflow.params.parameters import Parameters
from dermaflow_bench.bench_config import BenchConfig
from dermaflow_bench.grid_job import GridJob, Speed
from dermaflow_bench.process_tree import run_watched
from dermaflow_bench.timing import median_bounds


@dataclass(frozen=True)
class Point:
    """A place in the grid: square images of ``pixels``, the whole batch, and processes."""

    pixels: int
    batch: int
    processes: int


def points(parameters: Parameters, config: BenchConfig) -> list[Point]:
    """Every size with every batch in one process, and with the recipe's batch in several."""
    grid, usual = config.grid, parameters.train.batch_size
    alone = [Point(pixels, batch, 1) for pixels in grid.pixels for batch in grid.batches]
    together = [
        Point(pixels, usual, number)
        for number in grid.processes
        if number > 1
        for pixels in grid.pixels
    ]
    return alone + together


def measure_grid(parameters: Parameters, config: BenchConfig) -> pd.DataFrame:
    """Train for some updates at every point, each in processes of its own.

    Images are noise, which takes no other time. Of the loop beside bare updates the speed is told
    as in ``measure_training``; memory is of the loop alone, in another process.

    Returns:
        A row a point: pixels, batch, processes, images_per_s, ceiling_ratio with the bounds of
        ``median_bounds`` (``_low``, ``_high``; all three missing for several processes), peak_mib
        (most memory at one time: of the first process's tensors on its GPU, where there is one, the
        images of an epoch among them, else of the process tree).
    """
    rows = []
    with TemporaryDirectory(prefix="dermaflow-grid-") as name:
        folder = Path(name)
        for point in Progress(points(parameters, config), unit="point"):
            rows.append({**vars(point), **_measure(point, parameters, config, folder)})
    return pd.DataFrame(rows)


def _measure(
    point: Point, parameters: Parameters, config: BenchConfig, folder: Path
) -> dict[str, float]:
    store = folder / f"store_{point.pixels}"
    if not store.exists():
        write_noise(store, point.pixels, max(config.grid.images, *config.grid.batches))
    job = GridJob(
        parameters=_adapted(parameters, point),
        config=config,
        store=str(store),
        beside_bare=False,
        result=str(folder / "result.json"),
    )
    alone, memory = _run(job, folder)
    found = {
        "images_per_s": alone.images_per_s,
        "peak_mib": (alone.gpu_bytes or memory) / 2**20,
    }
    if point.processes == 1:
        pairs, _ = _run(job.model_copy(update={"beside_bare": True}), folder)
        ratios = pairs.ratios
        low, high = median_bounds(ratios)
        found |= {
            "images_per_s": pairs.images_per_s,
            "ceiling_ratio": median(ratios),
            "ceiling_ratio_low": low,
            "ceiling_ratio_high": high,
        }
    return found


def _run(job: GridJob, folder: Path) -> tuple[Speed, int]:
    path = folder / "job.json"
    path.write_text(job.model_dump_json(by_alias=True), encoding="utf-8")
    _, memory = run_watched([sys.executable, "-m", GridJob.__module__, str(path)])
    return Speed.model_validate_json(Path(job.result).read_text(encoding="utf-8")), memory


def _adapted(parameters: Parameters, point: Point) -> Parameters:
    train = parameters.train.model_copy(
        update={"batch_size": point.batch, "processes": point.processes}
    )
    size = {"height": point.pixels, "width": point.pixels}
    return parameters.model_copy(
        update={"train": train, "image": parameters.image.model_copy(update=size)}
    )


def write_noise(folder: Path, pixels: int, count: int) -> None:
    """A store of ``count`` square images of noise."""
    random = np.random.default_rng(0)
    shape = (pixels, pixels, 3)
    images = (
        StoredImage(f"{number}", random.integers(0, 256, shape, np.uint8))
        for number in range(count)
    )
    write_image_store(folder, ImageBatch(images, shape))


def tell(grid: pd.DataFrame) -> Iterator[str]:
    """The grid as lines of a table that Markdown reads."""
    yield "| pixels | batch | processes | images/s | share of the ceiling | peak memory, MiB |"
    yield "|---|---|---|---|---|---|"
    for row in grid.itertuples():
        share = ""
        if row.processes == 1:
            ends = f"{row.ceiling_ratio_low:.3f} – {row.ceiling_ratio_high:.3f}"
            share = f"{row.ceiling_ratio:.3f} ({ends})"
        cells = [row.pixels, row.batch, row.processes, f"{row.images_per_s:.1f}", share]
        yield f"| {' | '.join(map(str, cells))} | {row.peak_mib:.0f} |"
