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

from dermaflow.io.processors import processors
from dermaflow.params.ingest import IngestParams
from dermaflow.params.parameters import Parameters
from dermaflow_bench.bare_decoding import Ceiling, Cost, loop
from dermaflow_bench.generated_images import SIZE, list_generated, write_generated
from dermaflow_bench.ingest_job import IngestJob
from dermaflow_bench.process_tree import run_watched
from dermaflow_bench.timing import Pairs

_LOOPED = 2000  # images decoded on one core, at most


class Ingested(NamedTuple):
    """What an ingest took: seconds of its nodes, and most memory of its process tree in bytes."""

    cost: Cost
    memory: int


def measure_scale(parameters: Parameters, count: int, pairs: int = 5) -> Iterator[str]:
    """Lines on ``count`` images and on a tenth of them, and on adding a hundredth to either.

    Takes about 60 KiB of scratch an image, and what the stored ones need.

    Args:
        parameters: of the stages; of ``image`` and ``shard_images`` use is made.
        count: of images.
        pairs: of ingesting a tenth and of bare work, in turns.
    """
    with TemporaryDirectory(prefix="dermaflow-scale-") as name:
        folder = Path(name)
        files = write_generated(folder / "images", more_than(count), parameters.seed)
        size = (parameters.image.width, parameters.image.height)
        yield (
            f"# scale: {count} JPEGs of {SIZE[0]}x{SIZE[1]}, {_mean_kib(files):.0f} KiB each, to "
            f"{size[0]}x{size[1]}, {processors()} cores"
        )
        looped = files[:_LOOPED]
        one_core = len(looped) / loop(looped, size, reduced=False).wall
        yield f"scale_one_core_images_per_s: {one_core:.0f}"
        ingest = _Ingest(parameters, files, folder)
        with Ceiling(size) as ceiling:
            yield from _measure(ingest, ceiling, max(1, count // 10), pairs)
            yield from _measure(ingest, ceiling, count, 1)


class _Ingest:
    """Ingests generated files in a process of its own."""

    def __init__(self, parameters: Parameters, files: list[str], folder: Path) -> None:
        self._parameters, self.files, self._folder = parameters, files, folder

    def run(self, count: int, again: bool = False) -> Ingested:
        """Ingest the first ``count`` files, anew or ``again`` with what was stored last at hand."""
        stored = self._folder / "stored"
        if not again:
            shutil.rmtree(stored, ignore_errors=True)
            stored.mkdir()
        table = list_generated(
            self.files[:count], self._folder / "images", self._folder / "images.parquet"
        )
        shard_images = self._parameters.ingest.shard_images
        job = IngestJob(
            ingest=IngestParams(
                train=["generated"],
                external=[],
                sources={"generated": table},
                unknown=self._parameters.ingest.unknown,
                shard_images=shard_images,
                features=self._parameters.ingest.features,
            ),
            labels=self._parameters.labels,
            image=self._parameters.image,
            seed=self._parameters.seed,
            folder=str(stored),
        )
        path = self._folder / "job.json"
        path.write_text(job.model_dump_json(), encoding="utf-8")
        output, memory = run_watched([sys.executable, "-m", IngestJob.__module__, str(path)])
        return Ingested(Cost(**json.loads(output)), memory)


def _measure(ingest: _Ingest, ceiling: Ceiling, count: int, pairs: int) -> Iterator[str]:
    """Bare work before and after each ingest, so that a drift of the machine cancels."""
    files = ingest.files[:count]
    bare, ingested = [ceiling.run(files)], []
    for _ in range(pairs):
        ingested.append(ingest.run(count))
        bare.append(ceiling.run(files))
    around = [mean((a.wall, b.wall)) for a, b in pairwise(bare)]
    seconds = [done.cost.wall for done in ingested]
    cpu_seconds = [done.cost.cpu for done in ingested]
    name = f"scale_{count}"
    yield from Pairs(tuple(around), tuple(seconds)).lines(f"{name}_ceiling_ratio")
    yield f"{name}_ceiling_images_per_s: {count / median(around):.0f}"
    yield f"{name}_images_per_s: {count / median(seconds):.0f}"
    yield f"{name}_ceiling_cpu_ms: {1000 * median(cost.cpu for cost in bare) / count:.3f}"
    yield f"{name}_cpu_ms: {1000 * median(cpu_seconds) / count:.3f}"
    yield f"{name}_peak_mib: {max(done.memory for done in ingested) / 2**20:.0f}"
    yield from _measure_adding(ingest, count, Cost(median(seconds), median(cpu_seconds)))


def _measure_adding(ingest: _Ingest, count: int, first: Cost) -> Iterator[str]:
    """1 % more images where ``count`` are stored, and then none."""
    for name in ("add", "unchanged"):
        cost = ingest.run(more_than(count), again=True).cost
        yield f"scale_{count}_{name}_seconds: {cost.wall:.2f}"
        yield f"scale_{count}_{name}_ratio: {cost.wall / first.wall:.3f}"
        yield f"scale_{count}_{name}_cpu_ratio: {cost.cpu / first.cpu:.3f}"


def more_than(count: int) -> int:
    """A hundredth more."""
    return count + max(1, count // 100)


def _mean_kib(files: list[str]) -> float:
    return mean(Path(file).stat().st_size for file in files[:_LOOPED]) / 1024
