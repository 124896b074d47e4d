"""Several processes that do the same together: those of this node, by torch's elastic launcher."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import torch
from torch import distributed
from torch.distributed import PrefixStore, Store, TCPStore  # type: ignore[attr-defined]
from torch.distributed.elastic.multiprocessing import SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

from dermaflow.errors import DermaflowError, TrainingError
from dermaflow.io.forgiving_streams import forgive_streams
from dermaflow.io.redaction import hide_secrets_in_logs
from dermaflow.ml.processes.interrupts import HELD_BACK
from dermaflow.ml.processes.nodes import Nodes

RESTARTS = 10  # of all processes, after one of them has died

logger = logging.getLogger(__name__)


class ProcessesError(TrainingError):
    """Processes died or hung too often.

    Attributes:
        last_words: what the first of them said last.
    """

    def __init__(self, times: int, last_words: str) -> None:
        super().__init__(
            f"processes of the training ended too often ({times} times), at last with: {last_words}"
        )
        self.last_words = last_words


@dataclass(frozen=True)
class Share:
    """This node's processes, among those of all nodes.

    Attributes:
        nodes: which this is; node 0 keeps the store (``node_store``).
        group: name of the processes' group in the store, another for each training.
    """

    nodes: Nodes
    group: str

    def open_store(self, timeout: float) -> Store:
        """The group's own part of the store."""
        host = self.nodes.host if self.nodes.rank else "localhost"
        store = TCPStore(host, self.nodes.port, timeout=timedelta(seconds=timeout))
        return PrefixStore(self.group, store)


def run_together(
    function: Callable[..., None],
    arguments: tuple[Any, ...],
    processes: int,
    timeout: float,
    share: Share | None = None,
) -> None:
    """Call a function in several new processes that form a group, and wait for all.

    If one dies, all are ended. On a single node they are started again: the function must know
    where to go on. They end when this process ends, whatever ends it, and are told of SIGTERM and
    Ctrl-C.

    Args:
        function: of a module, so that it can be found in another process.
        arguments: of it, the same for all.
        processes: how many on this node.
        timeout: seconds that one waits for the others before it gives up.
        share: of a group that other nodes belong to; None for one on this node alone.

    Raises:
        DermaflowError: what the function raised.
        ProcessesError: processes died or hung more than ``RESTARTS`` times; with a ``share``, once.
    """
    # Restarted processes would find the group's old store, and hang in two of five cases.
    os.environ["TORCH_DISABLE_SHARE_RDZV_TCP_STORE"] = "1"
    # Nodes would not agree on which attempt is under way: whoever started them tries again.
    restarts = 0 if share else RESTARTS
    config = LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=processes,
        rdzv_backend="c10d",
        rdzv_endpoint="localhost:0",
        local_addr="localhost",
        max_restarts=restarts,
        start_method="spawn",
    )
    handlers: dict[int, Any] = {number: signal.getsignal(number) for number in HELD_BACK}
    try:
        answers = elastic_launch(config, _take_part)(function, arguments, timeout, share)
    except SignalException as interrupt:
        _restore(handlers)
        signal.raise_signal(interrupt.sigval)
        raise
    except ChildFailedError as failed:
        raise ProcessesError(restarts + 1, _last_words(failed)) from failed
    finally:
        _restore(handlers)
    for answer in answers.values():
        if answer is not None:
            raise answer


@contextmanager
def _joined(timeout: float, share: Share | None) -> Iterator[Callable[[], None]]:
    """Join the group of processes that the launcher has started.

    Yields:
        What a process calls that has done its part. It waits for the others of all nodes: one that
        left early would take its connections away from one that still uses them.
    """
    local_rank, local_size = int(os.environ["LOCAL_RANK"]), int(os.environ["LOCAL_WORLD_SIZE"])
    if torch.cuda.is_available():
        torch.cuda.set_device(local_rank)
    else:
        # Each process would take all processors for itself.
        torch.set_num_threads(max(1, torch.get_num_threads() // local_size))
    backend = "nccl" if torch.cuda.is_available() else "gloo"
    limit = timedelta(seconds=timeout)
    rank = size = -1
    store = None
    if share:
        rank, size = share.nodes.rank * local_size + local_rank, share.nodes.count * local_size
        store = share.open_store(timeout)
    distributed.init_process_group(backend, store=store, rank=rank, world_size=size, timeout=limit)

    def finish() -> None:
        if store:
            store.set(f"done/{rank}", "")
            store.wait([f"done/{other}" for other in range(size)], limit)

    try:
        yield finish
    finally:
        distributed.destroy_process_group()


def _take_part(
    function: Callable[..., None],
    arguments: tuple[Any, ...],
    timeout: float,
    share: Share | None,
) -> DermaflowError | None:
    """Returns what is the user's to mend: a restart would not."""
    forgive_streams()
    hide_secrets_in_logs()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)-7s %(message)s")
    with _joined(timeout, share) as finish:
        try:
            function(*arguments)
        except DermaflowError as error:
            return error
        finish()
    return None


def _last_words(failed: ChildFailedError) -> str:
    """What the first process to fail said last; its exit code where it said nothing."""
    _, first = failed.get_first_failure()
    told: Any = first.message
    text = str(told.get("message", "")) if isinstance(told, dict) else str(told or "")
    lines = text.strip().splitlines()
    return lines[-1] if lines else f"exit code {first.exitcode}"


def _restore(handlers: dict[int, Any]) -> None:
    for number, handler in handlers.items():
        signal.signal(number, signal.SIG_DFL if handler is None else handler)
