"""Several processes on this machine that do the same together, by torch's elastic launcher."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import torch
from torch import distributed
from torch.distributed.elastic.multiprocessing import SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

from dermaflow.errors import DermaflowError, TrainingError
from dermaflow.io.forgiving_streams import forgive_streams
from dermaflow.io.redaction import hide_secrets_in_logs
from dermaflow.ml.processes.interrupts import HELD_BACK

RESTARTS = 10  # of all processes, after one of them has died

logger = logging.getLogger(__name__)


def run_together(
    function: Callable[..., None], arguments: tuple[Any, ...], processes: int, timeout: float
) -> None:
    """Call a function in several new processes that form a group, and wait for all.

    If one dies, all are ended and started again: the function must know where to go on. They end
    when this process ends, whatever ends it, and are told of SIGTERM and Ctrl-C.

    Args:
        function: of a module, so that it can be found in another process.
        arguments: of it, the same for all.
        processes: how many.
        timeout: seconds that one waits for the others before it gives up.

    Raises:
        DermaflowError: what the function raised.
        TrainingError: processes died or hung more than ``RESTARTS`` times.
    """
    # Restarted processes would find the group's old store, and hang in two of five cases.
    os.environ["TORCH_DISABLE_SHARE_RDZV_TCP_STORE"] = "1"
    config = LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=processes,
        rdzv_backend="c10d",
        rdzv_endpoint="localhost:0",
        local_addr="localhost",
        max_restarts=RESTARTS,
        start_method="spawn",
    )
    handlers: dict[int, Any] = {number: signal.getsignal(number) for number in HELD_BACK}
    try:
        answers = elastic_launch(config, _take_part)(function, arguments, timeout)
    except SignalException as interrupt:
        _restore(handlers)
        signal.raise_signal(interrupt.sigval)
        raise
    except ChildFailedError as failed:
        raise TrainingError(
            f"processes of the training ended too often ({RESTARTS + 1} times), at last with: "
            f"{_last_words(failed)}"
        ) from failed
    finally:
        _restore(handlers)
    for answer in answers.values():
        if answer is not None:
            raise answer


@contextmanager
def joined(timeout: float) -> Iterator[None]:
    """Join the group of processes that the launcher has started; see ``run_together``."""
    local_rank, local_size = int(os.environ["LOCAL_RANK"]), int(os.environ["LOCAL_WORLD_SIZE"])
    if torch.cuda.is_available():
        torch.cuda.set_device(local_rank)
    else:
        # Each process would take all processors for itself.
        torch.set_num_threads(max(1, torch.get_num_threads() // local_size))
    backend = "nccl" if torch.cuda.is_available() else "gloo"
    distributed.init_process_group(backend, timeout=timedelta(seconds=timeout))
    try:
        yield
    finally:
        distributed.destroy_process_group()


def _take_part(
    function: Callable[..., None], arguments: tuple[Any, ...], timeout: float
) -> DermaflowError | None:
    """Returns what is the user's to mend: a restart would not."""
    forgive_streams()
    hide_secrets_in_logs()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)-7s %(message)s")
    with joined(timeout):
        try:
            function(*arguments)
        except DermaflowError as error:
            return error
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
