"""What the machine offers: device, precision, memory."""

from __future__ import annotations

import ctypes
import gc
import resource
import sys
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor

from dermaflow.io.seeding import derive_seed

Precision = Literal["auto", "bf16", "fp32"]

# Of glibc's malloc.h, and the largest value that it takes.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_NEVER = 2**31 - 1


@dataclass(frozen=True)
class Runtime:
    """Where and in what precision a network runs.

    Attributes:
        device: ``cuda`` where there is one, else ``cpu``.
        dtype: of matrix work under autocast; float32 means no autocast.
    """

    device: torch.device
    dtype: torch.dtype

    def autocast(self, cache: bool = True) -> AbstractContextManager[None]:
        """Context in which matrix work is done in ``dtype``; a no-op for float32.

        Args:
            cache: keep weights that were converted until the context ends.
        """
        enabled = self.dtype != torch.float32
        dtype = self.dtype if enabled else None
        return torch.autocast(self.device.type, dtype=dtype, enabled=enabled, cache_enabled=cache)

    @property
    def name(self) -> str:
        """Short description, such as ``cpu/fp32``."""
        return f"{self.device.type}/{'bf16' if self.dtype == torch.bfloat16 else 'fp32'}"


def detect_runtime(precision: Precision = "auto") -> Runtime:
    """Choose device and precision; ``auto`` takes bfloat16 only where the processor computes in it.

    A CPU without AVX-512-BF16 or AMX emulates bfloat16, some ten times slower than float32.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if precision == "auto":
        precision = "bf16" if _computes_bf16(device) else "fp32"
    return Runtime(device, torch.bfloat16 if precision == "bf16" else torch.float32)


def _computes_bf16(device: torch.device) -> bool:
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    # Newer than the oldest torch we support; without it the safe answer is no.
    capabilities: dict[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))


def torch_generator(seed: int, *names: str, device: str = "cpu") -> torch.Generator:
    """A torch generator of its own for a purpose."""
    return torch.Generator(device).manual_seed(derive_seed(seed, *names))


def free_gpu_bytes(device: torch.device) -> int:
    """What new tensors may take on a GPU, once what earlier trainings left there is collected.

    CUDA graphs refer to themselves: until they are looked for, their memory is theirs.
    """
    gc.collect()
    free, _ = torch.cuda.mem_get_info(device)
    cached = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return free + cached


def peak_memory_gib() -> float:
    """Most memory used so far, in GiB: of the GPU where there is one, else of this process."""
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated() / 2**30
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # Linux counts in KiB, macOS in bytes.
    return peak / (2**30 if sys.platform == "darwin" else 2**20)


def beside(values: Tensor, images: Tensor) -> Tensor:
    """``values`` of the CPU on the device of ``images``; a GPU that is at work is not awaited.

    Memory that is not pinned is copied before CUDA returns, so that ``values`` may go at once.
    """
    return values.to(images.device, non_blocking=True)


def keep_freed_memory() -> bool:
    """Have memory that is freed kept for the next tensors, as long as this process lives.

    glibc maps each large tensor anew and unmaps it when it is freed, so that every update of a
    training takes all its pages from the system again, zeroed: 7 to 9 % of the CPU time. Other
    allocators, which PyTorch's tuning guide names, must be loaded before the process begins.

    Returns:
        Whether it was done: elsewhere than with glibc nothing is changed.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):  # another C library
        return False
    return bool(mallopt(_M_MMAP_THRESHOLD, _NEVER) and mallopt(_M_TRIM_THRESHOLD, _NEVER))
