"""Project commands, one module each: ``kedro --help`` lists them under *dermaflow*.

What a command needs is imported when it runs, so that ``kedro --help`` stays quick.
"""

from __future__ import annotations

import click

from dermaflow.cli.bench import bench
from dermaflow.cli.compare import compare
from dermaflow.cli.dvc_yaml import dvc_yaml
from dermaflow.cli.promote import promote
from dermaflow.cli.repro import repro
from dermaflow.cli.restore import restore
from dermaflow.cli.run import run


@click.group(name="dermaflow")
def cli() -> None:
    """Commands of this project."""


for command in (bench, compare, dvc_yaml, promote, repro, restore, run):
    cli.add_command(command)
