"""The network as training calls it: compiled where asked for, and as CUDA graphs on a GPU."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.graph import set_warn_on_accumulate_grad_stream_mismatch
from torch.backends import cudnn

from dermaflow.ml.runtime import Runtime

Forward = Callable[[Tensor], Tensor]


def accelerate(
    network: nn.Module, sizes: Iterable[tuple[int, int, int]], compiled: bool, runtime: Runtime
) -> Forward:
    """What to call instead of ``network`` in training, to the same logits and gradients.

    Args:
        network: on the runtime's device, channels_last, each part of it in the mode (training or
            evaluation) that it is to keep.
        sizes: all (N, H, W) of the float32 inputs (N, 3, H, W) that will come.
        compiled: by ``torch.compile``, anew for each size. That takes a minute or so, and on a CPU
            a C++ compiler.
        runtime: where it runs; see ``record`` on what happens on a GPU.
    """
    forward: nn.Module = network
    if compiled:
        forward = torch.compile(network, dynamic=False)  # type: ignore[assignment]
    return record(network, forward, sizes, runtime) if runtime.device.type == "cuda" else forward


def record(
    network: nn.Module, forward: nn.Module, sizes: Iterable[tuple[int, int, int]], runtime: Runtime
) -> Forward:
    """Forward and backward as CUDA graphs, one of each for every size.

    A ResNet-50 is some hundred kernels in either direction, each launched by Python; for small
    images and batches that takes longer than what they compute. A graph is one launch.
    """
    # Gradients are summed on the stream on which the recording began, as torch itself arranges it.
    set_warn_on_accumulate_grad_stream_mismatch(False)
    # Recording runs the network on noise first, which leaves its traces in batch norm.
    before = {name: buffer.clone() for name, buffer in network.named_buffers()}
    graphs: dict[tuple[int, ...], Forward] = {}
    for count, height, width in dict.fromkeys(sizes):
        sample = torch.rand(count, 3, height, width, device=runtime.device)
        sample = sample.contiguous(memory_format=torch.channels_last)
        # Sizes that never change are worth trying all of cuDNN's algorithms once.
        with runtime.autocast(cache=False), cudnn.flags(enabled=True, benchmark=True):
            graph: Any = torch.cuda.make_graphed_callables(_Part(forward), (sample,))
        graphs[sample.shape] = graph
    for name, buffer in network.named_buffers():
        buffer.copy_(before[name])

    def call(inputs: Tensor) -> Tensor:
        logits: Tensor = graphs[inputs.shape](inputs)
        return logits

    return call


class _Part(nn.Module):
    """Holds a network: recording changes the module that it is given, and the network stays."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, inputs: Tensor) -> Tensor:
        logits: Tensor = self.network(inputs)
        return logits
