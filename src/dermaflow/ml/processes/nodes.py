"""The machines that train together, as Kubeflow Trainer and torchrun tell each of them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from dermaflow.errors import ParameterError

PORT = 29400  # torchrun's and Kubeflow Trainer's own


@dataclass(frozen=True)
class Nodes:
    """How many nodes train together, and which this is.

    Attributes:
        rank: number of this node, from 0. Node 0 runs ``kedro run``; the others help it to train.
        count: number of nodes; 1 needs no others.
        host: name or address of node 0.
        port: on which node 0 keeps the store by which nodes talk.
    """

    rank: int = 0
    count: int = 1
    host: str = "localhost"
    port: int = PORT

    @classmethod
    def from_environment(cls, variables: Mapping[str, str] = os.environ) -> Nodes:
        """Read ``PET_NNODES``, ``PET_NODE_RANK``, ``PET_MASTER_ADDR`` and ``PET_MASTER_PORT``.

        ``train.processes`` says how many processes a node has, not ``PET_NPROC_PER_NODE``.

        Raises:
            ParameterError: a variable is missing or out of range; the text names it.
        """
        count = _number(variables, "PET_NNODES", 1, 1, 1024)
        if count == 1:
            return cls()
        rank = _number(variables, "PET_NODE_RANK", None, 0, count - 1)
        host = variables.get("PET_MASTER_ADDR", "")
        if not host:
            raise ParameterError(f"PET_MASTER_ADDR must name node 0, as PET_NNODES is {count}")
        return cls(rank, count, host, _number(variables, "PET_MASTER_PORT", PORT, 1, 65535))

    def share(self, processes: int) -> int:
        """How many of the processes of a training belong to each node.

        Raises:
            ParameterError: nodes cannot have equally many.
        """
        if processes % self.count:
            raise ParameterError(
                f"train.processes is {processes}, which {self.count} nodes (PET_NNODES) cannot "
                f"share equally: set a multiple of {self.count}"
            )
        return processes // self.count

    @property
    def others(self) -> range:
        """Numbers of the nodes other than node 0."""
        return range(1, self.count)


def _number(
    variables: Mapping[str, str], name: str, default: int | None, least: int, most: int
) -> int:
    text = variables.get(name) or ("" if default is None else str(default))
    if not text.isdecimal() or not least <= int(text) <= most:
        raise ParameterError(f"{name} must be a whole number from {least} to {most}, not {text!r}")
    return int(text)
