"""Random streams, one for each purpose, all from the one seed in conf. Needs no torch."""

from __future__ import annotations

import hashlib

import numpy as np


def derive_seed(seed: int, *names: str) -> int:
    """A 31-bit seed for a purpose, such as ``derive_seed(17, "gan", "df")``.

    Purposes get unrelated streams, and adding one leaves the others as they were.
    """
    text = "/".join((str(seed), *names))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") >> 1


def numpy_generator(seed: int, *names: str) -> np.random.Generator:
    """A numpy generator of its own for a purpose."""
    return np.random.default_rng(derive_seed(seed, *names))
