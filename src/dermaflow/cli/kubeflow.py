"""``kedro kubeflow``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click
from kedro.framework.cli.project import run as kedro_run

from dermaflow.cli.options import env_option
from dermaflow.cli.project import load_conf
from dermaflow.cli.project_command import ProjectCommand
from dermaflow.schema import DEFAULT_ENVIRONMENT

if TYPE_CHECKING:
    from dermaflow.deploy.kubeflow.compile_project import Compiled

pipelines_option = click.option(
    "--pipelines",
    "-p",
    default="__default__",
    help="Pipelines, separated by commas as for `kedro run`; each of their stages is a task.",
)
output_option = click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path, resolve_path=True),
    help="By default <name>.yaml.",
)
params_option = click.option("--params", default="", help="As for `kedro run`.")


@click.group("kubeflow")
def kubeflow() -> None:
    """Run the pipeline on Kubeflow Pipelines v2."""


@kubeflow.command("compile", cls=ProjectCommand)
@env_option
@pipelines_option
@output_option
def compile_(env: str | None, pipelines: str, output: Path | None) -> None:
    """Write the pipeline as YAML that Kubeflow takes."""
    from dermaflow.deploy.kubeflow.compile_project import compile_project

    _write(compile_project(Path.cwd(), env or DEFAULT_ENVIRONMENT, pipelines), output)


@kubeflow.command("trainjob", cls=ProjectCommand)
@env_option
@click.option("--nodes", type=click.IntRange(min=2), default=2, show_default=True)
@params_option
@output_option
def train_job(env: str | None, nodes: int, params: str, output: Path | None) -> None:
    """Write a training on several nodes as YAML that Kubeflow Trainer takes.

    The stages before `train` must have run on the project's volume.
    """
    from dermaflow.deploy.kubeflow.compile_project import write_train_job
    from dermaflow.ml.processes.nodes import Nodes

    conf, _ = load_conf(env, _changes(params))
    processes = Nodes(count=nodes).share(conf.train.processes)
    env = env or DEFAULT_ENVIRONMENT
    _write(write_train_job(Path.cwd(), env, nodes, processes, params), output)


@kubeflow.command(cls=ProjectCommand)
@env_option
@pipelines_option
@params_option
@click.option("--wait", is_flag=True, help="Until the run has ended; exits with 1 if it failed.")
def run(env: str | None, pipelines: str, params: str, wait: bool) -> None:
    """Submit a run."""
    answer = _submit("run", env, pipelines, params=params, wait=wait)
    click.echo(f"run {answer['run_id']}: {answer['state']}\n{answer['url']}")
    if answer["failed"]:
        raise SystemExit(1)


@kubeflow.command(cls=ProjectCommand)
@env_option
@pipelines_option
@params_option
@click.option("--cron", required=True, help="Six fields, seconds first: '0 0 2 * * *' for 02:00.")
def schedule(env: str | None, pipelines: str, params: str, cron: str) -> None:
    """Make a recurring run; one at a time, and none is made up for later."""
    answer = _submit("schedule", env, pipelines, params=params, cron=cron)
    click.echo(f"recurring run {answer['id']}: {answer['name']}, {cron}")


@kubeflow.command(cls=ProjectCommand)
@env_option
@click.argument("run_id", required=False)
def status(env: str | None, run_id: str | None) -> None:
    """Print the state of a run and of its tasks, or the newest runs."""
    from dermaflow.deploy.kubeflow.call_sdk import call_sdk

    request = {**_place(env or DEFAULT_ENVIRONMENT), "run_id": run_id}
    for line in call_sdk(Path.cwd(), "status", request)["lines"]:
        click.echo(line)


def _write(compiled: Compiled, output: Path | None) -> None:
    from dermaflow.io.atomic_files import replacing_file

    output = output or Path(f"{compiled.name}.yaml")
    with replacing_file(output) as partial:
        partial.write_text(compiled.text, encoding="utf-8")
    click.echo(f"Wrote {output}")


def _submit(
    command: Literal["run", "schedule"], env: str | None, pipelines: str, **request: Any
) -> dict[str, Any]:
    from dermaflow.deploy.kubeflow.call_sdk import call_sdk
    from dermaflow.deploy.kubeflow.compile_project import compile_project

    env = env or DEFAULT_ENVIRONMENT
    compiled = compile_project(Path.cwd(), env, pipelines, _changes(request["params"]))
    return call_sdk(Path.cwd(), command, {**_place(env), **compiled._asdict(), **request})


def _changes(params: str) -> dict[str, Any]:
    """``--params`` as nested parameters. Raises UsageError for what Kedro would not take."""
    (option,) = (one for one in kedro_run.params if one.name == "params")
    changes: dict[str, Any] = option.process_value(click.get_current_context(), params)
    return changes


def _place(env: str) -> dict[str, Any]:
    """Where Kubeflow is, and what it lists the runs under."""
    from dermaflow.deploy.kubeflow.compile_project import read_kubeflow_config

    config = read_kubeflow_config(Path.cwd(), env)
    return {name: getattr(config, name) for name in ("host", "namespace", "experiment")}
