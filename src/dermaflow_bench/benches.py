"""All measurements, one after the other."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from kedro.io import CatalogProtocol

from dermaflow.errors import ParameterError
from dermaflow.io.processors import processors
from dermaflow.ml.runtime import detect_runtime
from dermaflow.ml.training.metric_sink import MetricSink
from dermaflow.params.check import read_config
from dermaflow.params.parameters import Parameters
from dermaflow.tracking.mlflow_sink import current_sink
from dermaflow.tracking.tracked_run import TrackedRun
from dermaflow.tracking.tracking_config import TrackingConfig
from dermaflow_bench.bench_config import BenchConfig
from dermaflow_bench.grid import measure_grid, tell
from dermaflow_bench.scale import measure_scale
from dermaflow_bench.time_explanations import measure_attribution
from dermaflow_bench.time_gan import measure_gan
from dermaflow_bench.time_ingest import measure_ingest
from dermaflow_bench.time_start_up import measure_start_up
from dermaflow_bench.time_training import measure_training
from dermaflow_bench.workload import prepare_workload


def run_bench(project: Path, env: str, conf: Mapping[str, Any]) -> Iterator[str]:
    """Lines ``name: value`` and ``# comments``, as they are measured; leaves nothing behind.

    Args:
        project: root of the project.
        env: configuration environment, for the heading.
        conf: its configuration by kind: ``parameters``, ``mlflow``, ``bench``.

    Raises:
        SourceError: the configured source cannot be read.
    """
    parameters = Parameters.model_validate(conf["parameters"])
    config = read_config(BenchConfig, conf, "bench")
    yield from describe_machine()
    with TemporaryDirectory(prefix="dermaflow-bench-") as name:
        folder = Path(name)
        workload = prepare_workload(parameters, config, folder)
        side = config.phantom_side
        source = parameters.ingest.train[0]
        drawn = parameters.ingest.sources[source].kind == "phantoms"
        enlarged = f" at {side}x{side}" if drawn else ""
        yield (
            f"# settings: env {env}, {len(workload.images)} images of the source {source}{enlarged}"
        )
        yield from measure_ingest(workload)
        with scratch_run(TrackingConfig.read(conf), folder) as sink:
            yield from measure_training(workload, sink)
            yield from measure_gan(workload, sink)
        yield from measure_attribution(workload)
        yield from measure_start_up(project, config, folder / "project")


def run_scale(conf: Mapping[str, Any], images: int) -> Iterator[str]:
    """Lines on the ingest of very many generated images; see ``run_bench``."""
    parameters = Parameters.model_validate(conf["parameters"])
    yield from describe_machine()
    yield from measure_scale(parameters, images)


def run_grid(conf: Mapping[str, Any], folder: Path) -> Iterator[str]:
    """A table of ``measure_grid``, and ``training_speed.png`` in a folder; see ``run_bench``."""
    from dermaflow_bench.speed_figure import draw_grid

    parameters = Parameters.model_validate(conf["parameters"])
    config = read_config(BenchConfig, conf, "bench")
    machine = [line.removeprefix("# ") for line in describe_machine()]
    precision = detect_runtime(parameters.train.precision).name
    frozen = ", ".join(parameters.train.backbone.frozen) or "nothing"
    machine.append(f"training: {precision}, frozen: {frozen}")
    yield from (f"# {line}" for line in machine)
    grid = measure_grid(parameters, config)
    yield from tell(grid)
    path = folder / "training_speed.png"
    draw_grid(grid, "; ".join(machine)).savefig(path, dpi=120)
    yield f"# {path}"


def run_strangers(catalog: Any) -> Iterator[str]:
    """A table of ``compare_kinds``, of the model that the environment has.

    Args:
        catalog: Kedro's, of the environment.

    Raises:
        ParameterError: its decision rule does not abstain by distance.
    """
    from dermaflow_bench.out_of_distribution import Trained, compare_kinds, tell_kinds

    yield from describe_machine()
    yield from tell_kinds(compare_kinds(Trained.load(catalog)))


def run_gates(conf: Mapping[str, Any], catalog: CatalogProtocol[Any, Any]) -> Iterator[str]:
    """Lines on how often simulated models pass the gates against the holder; see ``run_bench``.

    Raises:
        ParameterError: the environment has no evaluated model.
    """
    from dermaflow_bench.gate_power import measure_gate_power, model_of

    parameters = Parameters.model_validate(conf["parameters"])
    config = read_config(BenchConfig, conf, "bench")
    needed = ("logits", "decision_rule", "classes")
    missing = [name for name in needed if not catalog.exists(name)]
    if missing:
        raise ParameterError(f"{', '.join(missing)}: missing; run the stages up to evaluate first")
    model = model_of(*(catalog.load(name) for name in needed))
    yield from measure_gate_power(model, parameters, config.gates)


def describe_machine() -> Iterator[str]:
    """What the figures depend on, as comments."""
    yield (
        f"# machine: {_processor()}, {processors()} cores, {torch.get_num_threads()} torch threads"
    )
    if torch.cuda.is_available():
        yield f"# device: {torch.cuda.get_device_name()}"
    yield (
        f"# software: {platform.system()}, Python {platform.python_version()}, "
        f"torch {torch.__version__}"
    )


def _processor() -> str:
    """The processor's name where the system tells it, else its architecture."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:  # not Linux
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


@contextmanager
def scratch_run(config: TrackingConfig, folder: Path) -> Iterator[MetricSink]:
    """A run as ``kedro run`` opens it, in a database in ``folder``."""
    os.environ.pop("MLFLOW_RUN_ID", None)  # would join a run elsewhere
    own = {
        "tracking_uri": f"sqlite:///{folder}/mlflow.db",
        "artifact_location": (folder / "artifacts").as_uri(),
    }
    run = TrackedRun(config.model_copy(update=own), "bench", {}, folder / "open_runs")
    try:
        yield current_sink()
    finally:
        run.close("FINISHED")
