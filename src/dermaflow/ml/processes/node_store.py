"""What the nodes of a run tell one another, by a store that node 0 keeps as long as it runs.

Node 0 tells the others of each training, and of the end of its run. The others tell node 0 that
they came, why they failed, and that they left. Processes of a training find one another by it, too.
"""

from __future__ import annotations

import json
import logging
import queue
import socket
import threading
import time
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any, TypeVar

from torch.distributed import DistError, TCPStore  # type: ignore[attr-defined]

from dermaflow.errors import TrainingError
from dermaflow.ml.processes.nodes import Nodes

SECONDS_BETWEEN_LOOKS = 0.5
SECONDS_BETWEEN_BEATS = 2.0
SECONDS_TO_TELL = 15.0  # a node that is there says within this time why it failed, or that it left
_CONNECT = 5.0  # seconds of one try
_BEATS = "beats"

T = TypeVar("T")

logger = logging.getLogger(__name__)


class NodeServer:
    """The store itself, in the process that runs ``kedro run`` on node 0.

    Raises:
        TrainingError: the port is taken.
    """

    def __init__(self, nodes: Nodes) -> None:
        self._nodes = nodes
        try:
            self._server = TCPStore("localhost", nodes.port, is_master=True, wait_for_workers=False)
        except DistError as error:
            raise TrainingError(
                f"port {nodes.port} (PET_MASTER_PORT) is taken: another run has this node"
            ) from error
        self._ended = threading.Event()
        self._beating = threading.Thread(target=self._beat, daemon=True)
        self._beating.start()

    def close(self, exit_code: int, error: str, timeout: float) -> None:
        """Tell the others how the run ended, and wait until they have heard it.

        Args:
            exit_code: of the run; the others end with the same.
            error: in one line; "" where the run has ended well.
            timeout: seconds for which a node may still come to a run that has ended well.
        """
        leader = NodeLeader(self._nodes)
        if exit_code == 0:
            leader.wait_for_others(timeout)
        leader.tell({"exit_code": exit_code, "error": error})
        leader.wait_for_leaving()
        self._ended.set()
        self._beating.join()
        del self._server  # frees the port

    def _beat(self) -> None:
        store = _connect(self._nodes)
        while not self._ended.wait(SECONDS_BETWEEN_BEATS):
            store.add(_BEATS, 1)


class NodeLeader:
    """Node 0, as it talks to the others.

    Raises:
        TrainingError: this process, or its parent, keeps no ``NodeServer``.
    """

    def __init__(self, nodes: Nodes) -> None:
        self._nodes = nodes
        try:
            self._store = _connect(nodes)
        except DistError as error:
            raise TrainingError("only `kedro run` and `kedro train-node` lead a node") from error

    def wait_for_others(self, timeout: float) -> None:
        """Wait until all nodes have come.

        Raises:
            TrainingError: some have not within ``timeout`` seconds; the text names them.
        """
        missing = self._wait_for("joined", self._nodes.others, timeout)
        if missing:
            raise TrainingError(
                f"{_named(missing)} of {self._nodes.count} did not come within {timeout:g} seconds "
                "(train.timeout_seconds): start `kedro train-node` there"
            )

    def tell(self, message: dict[str, Any]) -> int:
        """Tell all nodes, those included that come later. Returns the message's number, from 1."""
        number = self._store.add("messages", 1)
        self._store.set(f"message/{number}", json.dumps(message))
        return int(number)

    def why(self, number: int, own: str) -> str:
        """Why the training of message ``number`` failed, in one line, after what each node says.

        Args:
            number: of the message.
            own: what node 0 says.
        """
        silent = self._wait_for(f"failed/{number}", self._nodes.others, SECONDS_TO_TELL)
        said = [f"node 0: {own}"] if own else []
        for node in self._nodes.others:
            if node not in silent:
                said.append(f"node {node}: {self._store.get(f'failed/{number}/{node}').decode()}")
        for node in silent:
            self._store.set(f"left/{node}", "")  # nobody need wait for it at the end, too
        lost = f"{_named(silent)} of {self._nodes.count} was lost. " if silent else ""
        return f"{lost}{'; '.join(said)}"

    def wait_for_leaving(self) -> None:
        """Wait until the nodes that came have left, but not for long."""
        there = [node for node in self._nodes.others if self._store.check([f"joined/{node}"])]
        silent = self._wait_for("left", there, SECONDS_TO_TELL)
        if silent:
            logger.warning("%s did not answer at the end", _named(silent))

    def _wait_for(self, key: str, nodes: Iterable[int], timeout: float) -> list[int]:
        """Returns the nodes of which there is no such key after ``timeout`` seconds."""
        missing, deadline = list(nodes), time.monotonic() + timeout
        while True:
            missing = [node for node in missing if not self._store.check([f"{key}/{node}"])]
            if not missing or time.monotonic() > deadline:
                return missing
            time.sleep(SECONDS_BETWEEN_LOOKS)


class NodeMember:
    """A node other than node 0, as it talks to node 0.

    Args:
        nodes: which this is.
        timeout: seconds for which it waits for node 0 to come, or to show a sign of life.

    Raises:
        TrainingError: node 0 did not come.
    """

    def __init__(self, nodes: Nodes, timeout: float) -> None:
        self._nodes, self._timeout, self._heard = nodes, timeout, 0
        self._store = self._join(time.monotonic() + timeout)

    def listen(self) -> tuple[int, dict[str, Any]]:
        """Wait for the next message; returns its number and what it says.

        Raises:
            TrainingError: node 0 was lost.
        """
        key = f"message/{self._heard + 1}"
        beats, since = 0, time.monotonic()
        while not self._ask(lambda: self._store.check([key])):
            time.sleep(SECONDS_BETWEEN_LOOKS)
            now = self._ask(lambda: self._store.add(_BEATS, 0))
            if now != beats:
                beats, since = now, time.monotonic()
            if time.monotonic() - since > self._timeout:
                raise self._lost()
        message: dict[str, Any] = json.loads(self._ask(lambda: self._store.get(key)))
        self._heard += 1
        return self._heard, message

    def report(self, number: int, error: str) -> None:
        """Tell node 0 why the training of message ``number`` failed here.

        Raises:
            TrainingError: node 0 was lost.
        """
        self._ask(lambda: self._store.set(f"failed/{number}/{self._nodes.rank}", error))

    def leave(self) -> None:
        """Tell node 0 that it need not wait any longer.

        Raises:
            TrainingError: node 0 was lost.
        """
        self._ask(lambda: self._store.set(f"left/{self._nodes.rank}", ""))

    def _join(self, deadline: float) -> TCPStore:
        """The store of a run of which this node was no part before.

        The run that has lost this node may not have noticed yet when the node is started again.
        """
        while time.monotonic() < deadline:
            try:
                # TCPStore itself tells of each vain try on thirty lines.
                socket.create_connection((self._nodes.host, self._nodes.port), _CONNECT).close()
                store = _connect(self._nodes)
                if store.add(f"joined/{self._nodes.rank}", 1) == 1:
                    return store
            except (OSError, DistError) as error:
                logger.debug("Node 0 is not there yet: %s", error)
            time.sleep(SECONDS_BETWEEN_LOOKS)
        raise TrainingError(
            f"node 0 ({self._nodes.host}:{self._nodes.port}) began no run within "
            f"{self._timeout:g} seconds (train.timeout_seconds)"
        )

    def _ask(self, question: Callable[[], T]) -> T:
        """Ask the store. It waits for ever itself where nothing comes through from node 0."""
        answers: queue.SimpleQueue[T | DistError] = queue.SimpleQueue()

        def ask() -> None:
            try:
                answers.put(question())
            except DistError as error:
                answers.put(error)

        threading.Thread(target=ask, daemon=True).start()
        try:
            answer = answers.get(timeout=self._timeout)
        except queue.Empty:
            raise self._lost() from None
        if isinstance(answer, DistError):
            raise self._lost() from answer
        return answer

    def _lost(self) -> TrainingError:
        return TrainingError(
            f"node 0 ({self._nodes.host}) of {self._nodes.count} was lost: the same command on all "
            "nodes goes on from the last checkpoint"
        )


def _connect(nodes: Nodes) -> TCPStore:
    host = nodes.host if nodes.rank else "localhost"
    return TCPStore(host, nodes.port, is_master=False, timeout=timedelta(seconds=_CONNECT))


def _named(nodes: Iterable[int]) -> str:
    return ", ".join(f"node {node}" for node in nodes)
