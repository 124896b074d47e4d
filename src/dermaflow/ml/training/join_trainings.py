"""The part that nodes other than node 0 take in the trainings of node 0's run."""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import Any, NamedTuple

from dermaflow.errors import DermaflowError, StorageError
from dermaflow.ml.processes.launch import ProcessesError, Share, run_together
from dermaflow.ml.processes.node_store import SECONDS_BETWEEN_LOOKS, NodeMember
from dermaflow.ml.processes.nodes import Nodes
from dermaflow.ml.training.training_job import (
    TrainingJob,
    digest_of,
    group_of,
    ignore,
    read_job,
    take_part,
)

logger = logging.getLogger(__name__)


class RunEnd(NamedTuple):
    """How node 0's run ended.

    Attributes:
        exit_code: of its command.
        error: in one line; "" where it ended well.
    """

    exit_code: int
    error: str


def join_trainings(nodes: Nodes, timeout: float) -> RunEnd:
    """Take part in each training of node 0's run, until that ends. Nothing is kept here.

    Args:
        nodes: which this is.
        timeout: seconds for which node 0 may be silent, and for its files to appear.

    Raises:
        TrainingError: node 0 did not come, or was lost.
    """
    member = NodeMember(nodes, timeout)
    logger.info("Node %d of %d waits for trainings of %s", nodes.rank, nodes.count, nodes.host)
    while True:
        number, message = member.listen()
        if "exit_code" in message:
            member.leave()
            return RunEnd(**message)
        try:
            _join(_wait_for_job(message, timeout), Path(message["job"]), nodes, number)
        except ProcessesError as error:
            member.report(number, error.last_words)
        except DermaflowError as error:
            member.report(number, str(error))


def _join(job: TrainingJob, path: Path, nodes: Nodes, number: int) -> None:
    processes = nodes.share(job.params.processes)
    logger.info("Training with node 0 in %d process(es) of this node", processes)
    run_together(
        take_part,
        (str(path), ignore),
        processes,
        job.params.timeout_seconds,
        Share(nodes, group_of(number)),
    )


def _wait_for_job(message: dict[str, Any], timeout: float) -> TrainingJob:
    """The job of a message. A network's disk may show its file late, or an older one.

    Raises:
        StorageError: it did not appear.
    """
    path, deadline = Path(message["job"]), time.monotonic() + timeout
    while not (path.is_file() and digest_of(path) == message["sha256"]):
        if time.monotonic() > deadline:
            raise StorageError(
                f"{path} is not what node 0 wrote there: all nodes must have the project's volume "
                "at the same path"
            )
        time.sleep(SECONDS_BETWEEN_LOOKS)
    return read_job(path)
