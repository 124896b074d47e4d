"""Ingest of very many generated images: speed beside the ceiling, memory, and what adding costs."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from statistics import mean, median
from tempfile import TemporaryDirectory
from typing import NamedTuple

from dermaflow.bench.bare import Ceiling, Cost, loop
from dermaflow.bench.generated import SIZE, list_generated, write_generated
from dermaflow.bench.ingest_job import IngestJob
from dermaflow.bench.timing import Pairs
from dermaflow.bench.tree import run_watched
from dermaflow.ml.threads import processors
from dermaflow.params import IngestParams, Parameters

_LOOPED = 2000  # images decoded on one core, at most


class Ingested(NamedTuple):
    """What an ingest took: seconds of its nodes, and most memory of its process tree in bytes."""

    cost: Cost
    memory: int


def measure_scale(parameters: Parameters, count: int, pairs: int) -> Iterator[str]:
    """Lines on ``count`` images and on a tenth of them.

    Takes about 60 KiB of scratch an image, and what the stored ones need.

    Args:
        parameters: of the stages; of ``image`` and ``shard_images`` use is made.
        count: of images.
        pairs: of ingesting a tenth and of bare work, in turns.
    """
    with TemporaryDirectory(prefix="dermaflow-scale-") as name:
        folder = Path(name)
        files = write_generated(folder / "images", count, parameters.seed)
        size = (parameters.image.width, parameters.image.height)
        yield (
            f"# scale: {count} JPEGs of {SIZE[0]}x{SIZE[1]}, {_mean_kib(files):.0f} KiB each, to "
            f"{size[0]}x{size[1]}, {processors()} cores"
        )
        looped = files[:_LOOPED]
        one_core = len(looped) / loop(looped, size, reduced=False).wall
        yield f"scale_one_core_images_per_s: {one_core:.0f}"
        ingest = _Ingest(parameters, files, folder)
        tenth = files[: max(1, count // 10)]
        with Ceiling(size) as ceiling:
            for part in (tenth, files):
                yield from _measure(ingest, ceiling, part, pairs if part is tenth else 1)
        yield from _measure_adding(ingest, len(tenth))


class _Ingest:
    """Ingests generated files in a process of its own."""

    def __init__(self, parameters: Parameters, files: list[str], folder: Path) -> None:
        self._parameters, self._files, self._folder = parameters, files, folder

    def run(self, count: int, again: bool = False) -> Ingested:
        """Ingest the first ``count`` files, anew or ``again`` with what was stored last at hand."""
        stored = self._folder / "stored"
        if not again:
            shutil.rmtree(stored, ignore_errors=True)
            stored.mkdir()
        table = list_generated(
            self._files[:count], self._folder / "images", self._folder / "images.parquet"
        )
        shard_images = self._parameters.ingest.shard_images
        job = IngestJob(
            ingest=IngestParams(source="table", table=table, shard_images=shard_images),
            image=self._parameters.image,
            seed=self._parameters.seed,
            folder=str(stored),
        )
        path = self._folder / "job.json"
        path.write_text(job.model_dump_json())
        output, memory = run_watched([sys.executable, "-m", IngestJob.__module__, str(path)])
        return Ingested(Cost(**json.loads(output)), memory)


def _measure(ingest: _Ingest, ceiling: Ceiling, files: list[str], pairs: int) -> Iterator[str]:
    """Bare work before and after each ingest, so that a drift of the machine cancels."""
    name = f"scale_{len(files)}"
    bare, ingested = [ceiling.run(files)], []
    for _ in range(pairs):
        ingested.append(ingest.run(len(files)))
        bare.append(ceiling.run(files))
    around = [mean((a.wall, b.wall)) for a, b in pairwise(bare)]
    ratios = Pairs(tuple(around), tuple(done.cost.wall for done in ingested))
    yield from ratios.lines(f"{name}_ceiling_ratio")
    yield f"{name}_ceiling_cpu_ms: {1000 * median(cost.cpu for cost in bare) / len(files):.3f}"
    yield f"{name}_cpu_ms: {1000 * median(d.cost.cpu for d in ingested) / len(files):.3f}"
    yield f"{name}_ceiling_images_per_s: {len(files) / median(around):.0f}"
    yield f"{name}_images_per_s: {len(files) / median(d.cost.wall for d in ingested):.0f}"
    yield f"{name}_peak_mib: {max(done.memory for done in ingested) / 2**20:.0f}"


def _measure_adding(ingest: _Ingest, count: int) -> Iterator[str]:
    """Images added to those that are stored, and nothing at all added."""
    first = ingest.run(count).cost
    more = count + max(1, count // 100)
    added, unchanged = (ingest.run(more, again=True).cost for _ in range(2))
    yield f"# adding: {more - count} images to {count}, beside the first ingest; and then none"
    for name, cost in (("add", added), ("unchanged", unchanged)):
        yield f"scale_{name}_ratio: {cost.wall / first.wall:.3f}"
        yield f"scale_{name}_cpu_ratio: {cost.cpu / first.cpu:.3f}"
        yield f"scale_{name}_seconds: {cost.wall:.2f}"


def _mean_kib(files: list[str]) -> float:
    return mean(Path(file).stat().st_size for file in files[:_LOOPED]) / 1024
