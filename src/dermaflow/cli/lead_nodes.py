"""What ``kedro run`` does as node 0 of several."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import click

from dermaflow.cli.project import load_conf
from dermaflow.cli.project_command import exit_code_of
from dermaflow.cli.user_errors import as_user_error
from dermaflow.io.redaction import redact
from dermaflow.io.text import one_line


@contextmanager
def leading_nodes(env: str | None, params: Mapping[str, Any]) -> Iterator[None]:
    """Have other nodes help with trainings, and tell them how the run ended.

    Where ``PET_NNODES`` names no others, nothing happens.

    Raises:
        ParameterError: a variable is wrong.
        click.UsageError: this is not node 0.
    """
    if os.environ.get("PET_NNODES", "1") == "1":
        yield  # without a wait for torch
        return
    from dermaflow.ml.processes.node_store import NodeServer
    from dermaflow.ml.processes.nodes import Nodes

    nodes = Nodes.from_environment()
    if nodes.rank:
        raise click.UsageError(
            f"this is node {nodes.rank} of {nodes.count} (PET_NODE_RANK): `kedro train-node` helps "
            "node 0, which alone runs the pipeline"
        )
    timeout = load_conf(env, params)[0].train.timeout_seconds
    server = NodeServer(nodes)
    try:
        yield
    except BaseException as error:
        server.close(exit_code_of(error), _line(error), timeout)
        raise
    server.close(0, "", timeout)


def _line(error: BaseException) -> str:
    told = as_user_error(error) or error
    return one_line(redact(str(told) or type(told).__name__))
