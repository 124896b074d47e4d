"""One point of the grid; as a module, in processes of its own."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from statistics import median

import numpy as np
import pandas as pd
import torch

from dermaflow.data.images.image_store import ImageStore
from dermaflow.io.progress import Progress
from dermaflow.ml.processes.group import World
from dermaflow.ml.processes.launch import run_together
from dermaflow.ml.runtime import detect_runtime
from dermaflow.params.base import Params
from dermaflow.params.parameters import Parameters
from dermaflow_bench.bench_config import BenchConfig
from dermaflow_bench.time_training import BareTraining, TrainingLoop, build_trainer
from dermaflow_bench.timing import time_pairs, timed
from dermaflow_bench.workload import Workload

# Of the loop where its memory is told, to which bare updates beside it would add theirs.
ALONE_TURNS = 10


class GridJob(Params):
    """What is trained.

    Attributes:
        config: its ``grid.images`` are those of one turn, in whole batches.
        store: of images of the size in question.
        beside_bare: time bare updates in turns with the loop.
        result: file that Speed is written to.
    """

    parameters: Parameters
    config: BenchConfig
    store: str
    beside_bare: bool
    result: str

    def workload(self) -> Workload:
        """The images of the store, with a class each."""
        store = ImageStore(self.store)
        classes = self.parameters.labels.classes
        ids = store.index["image_id"]
        labels = np.resize(np.array(classes), len(ids))
        images = pd.DataFrame({"image_id": ids, "label": labels})
        steps = max(1, self.config.grid.images // self.parameters.train.batch_size)
        config = self.config.model_copy(update={"train_steps": steps})
        return Workload(self.parameters, config, Path(self.store).parent, store, images)


class Speed(Params):
    """Of the loop, and its share of bare updates.

    Attributes:
        ratios: pair by pair; none where there were no pairs.
        gpu_bytes: most that this process's tensors took on its GPU, where there is one.
    """

    images_per_s: float
    ratios: list[float]
    gpu_bytes: int | None


def run_job(job: GridJob) -> Speed:
    """Time it in this process, and the others of its group."""
    workload = job.workload()
    runtime = detect_runtime(job.parameters.train.precision)
    steps = workload.config.train_steps
    images = steps * job.parameters.train.batch_size
    trainer = build_trainer(workload, runtime, World.joined())
    loop = TrainingLoop(trainer, Progress(disable=True), _ignore)

    def run_loop() -> None:
        loop.run(steps)

    if not job.beside_bare:
        run_loop()
        seconds = [timed(run_loop) for _ in range(ALONE_TURNS)]
        return Speed(images_per_s=images / median(seconds), ratios=[], gpu_bytes=_gpu_bytes())
    bare = BareTraining(workload, runtime)
    pairs = time_pairs(
        first=lambda: bare.run(steps),
        second=run_loop,
        pairs=job.config.pairs,
        seconds=job.config.seconds,
    )
    speed = images / median(pairs.second)
    return Speed(images_per_s=speed, ratios=pairs.ratios, gpu_bytes=_gpu_bytes())


def _gpu_bytes() -> int | None:
    return torch.cuda.max_memory_allocated() if torch.cuda.is_available() else None


def take_part(path: str) -> None:
    """Do the job of a file with the other processes of the group; the first writes the result."""
    job = GridJob.model_validate_json(Path(path).read_text(encoding="utf-8"))
    speed = run_job(job)
    if World.joined().first:
        Path(job.result).write_text(speed.model_dump_json(), encoding="utf-8")


def main(path: str) -> None:
    """Do the job of a file, in as many processes as it says."""
    train = GridJob.model_validate_json(Path(path).read_text(encoding="utf-8")).parameters.train
    if train.processes == 1:
        take_part(path)
    else:
        run_together(take_part, (path,), train.processes, train.timeout_seconds)


def _ignore(metrics: Mapping[str, float], step: int) -> None:
    """No run to log to."""


if __name__ == "__main__":
    main(sys.argv[1])
