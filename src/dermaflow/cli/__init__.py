"""Project commands, one module each: ``kedro --help`` lists them under *dermaflow*.

What a command needs is imported when it runs, so that ``kedro --help`` stays quick.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

import click

from dermaflow.cli.compare import compare
from dermaflow.cli.demote import demote
from dermaflow.cli.dvc_yaml import dvc_yaml
from dermaflow.cli.job import job
from dermaflow.cli.kubeflow import kubeflow
from dermaflow.cli.models import models
from dermaflow.cli.new_env import new_env
from dermaflow.cli.promote import promote
from dermaflow.cli.prune import prune
from dermaflow.cli.relocate import relocate
from dermaflow.cli.repro import repro
from dermaflow.cli.restore import restore
from dermaflow.cli.rollback import rollback
from dermaflow.cli.run import run
from dermaflow.cli.train_node import train_node
from dermaflow.cli.ui import ui


@click.group(name="dermaflow")
def cli() -> None:
    """Commands of this project."""


for command in (
    compare, demote, dvc_yaml, job, kubeflow, models, new_env, promote, prune, relocate, repro,
    restore, rollback, run, train_node, ui,
):  # fmt: skip
    cli.add_command(command)

# Benchmarks come with a checkout; an installed package goes without them.
if find_spec("dermaflow_bench"):
    cli.add_command(import_module("dermaflow_bench.bench_command").bench)
