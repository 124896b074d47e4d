"""``kedro train-node``: the same command on each of several nodes."""

from __future__ import annotations

import click

from dermaflow.cli.options import IfRunning, env_option, if_running_option
from dermaflow.cli.project import load_conf
from dermaflow.cli.project_command import ResumableCommand
from dermaflow.cli.run import run


@click.command("train-node", cls=ResumableCommand)
@env_option
@click.option("--pipelines", "-p", default="train", show_default=True, help="As of `kedro run`.")
@click.option("--params", default="", help="As of `kedro run`; the same on all nodes.")
@if_running_option
@click.pass_context
def train_node(
    context: click.Context, env: str | None, pipelines: str, params: str, if_running: IfRunning
) -> None:
    """Train on several nodes: give the same command on each of them.

    Node 0 does what `kedro run --pipelines train` does. The others take their share of the
    training, write nothing, and end as node 0 does. Which node this is, PET_NNODES, PET_NODE_RANK,
    PET_MASTER_ADDR and PET_MASTER_PORT say, as Kubeflow Trainer and torchrun set them.
    """
    from dermaflow.ml.processes.nodes import Nodes

    words = ["--pipelines", pipelines, "--params", params, "--if-running", if_running]
    as_run = run.make_context("run", [*(["--env", env] if env else []), *words], parent=context)
    nodes = Nodes.from_environment()
    if nodes.rank == 0:
        with as_run:
            run.invoke(as_run)
        return
    from dermaflow.ml.training.join_trainings import join_trainings

    conf, _ = load_conf(env, as_run.params["params"])
    end = join_trainings(nodes, conf.train.timeout_seconds)
    if end.exit_code:
        click.secho(f"Error: node 0 ended with: {end.error}", fg="red", err=True)
        raise SystemExit(end.exit_code)
