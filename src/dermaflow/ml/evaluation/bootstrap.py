"""Percentile bootstrap that resamples groups, since images of one lesion are not independent.

For what is no share of images, such as an AUC; for shares see ``proportion_intervals``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from dermaflow.io.progress import Progress

Floats = NDArray[np.float64]
Statistic = Callable[[Floats], dict[str, Floats]]

# Bounds the memory of a chunk of resamples, at 8 bytes a weight and some ten such arrays alive.
_CHUNK_WEIGHTS = 1_000_000


def group_resamples(
    groups: NDArray[np.str_], samples: int, generator: np.random.Generator, shown: bool = True
) -> Iterator[Floats]:
    """Draw as many groups as there are, with replacement, ``samples`` times.

    Args:
        groups: (N,), of each image.
        samples: resamples in all.
        generator: read on, chunk by chunk.
        shown: with a progress bar.

    Yields:
        float64 (R, N): how often each image is in each of R resamples; all images of a group
        share one count.
    """
    names, member = np.unique(groups, return_inverse=True)
    chunk = max(1, _CHUNK_WEIGHTS // len(member))
    share = np.full(len(names), 1 / len(names))
    hidden = not (samples and shown)
    with Progress(total=samples, desc="Bootstrap", unit="sample", disable=hidden) as progress:
        for start in range(0, samples, chunk):
            rows = min(chunk, samples - start)
            counts = generator.multinomial(len(names), share, size=rows)
            yield counts[:, member].astype(np.float64)
            progress.update(rows)


def percentile_intervals(
    statistic: Statistic,
    groups: NDArray[np.str_],
    samples: int,
    confidence: float,
    generator: np.random.Generator,
    shown: bool = True,
) -> dict[str, tuple[float, float] | None]:
    """Intervals between percentiles of the resampled statistics (Efron 1979).

    Resamples in which a statistic is undefined (NaN) are left out of its interval; a statistic
    undefined in all of them is absent.

    An interval of no width is not estimable, and None. It does not mean that the statistic is
    known for sure, but that the resamples do not differ: a precision of two right of two is 1 in
    all of them, and so is each AUC of 1, whatever there was to be found wrong in other images.

    Args:
        statistic: from weights (R, N) to values (R,) by name.
        groups: (N,), of each image.
        samples: resamples; with 0 there are no intervals.
        confidence: in (0, 1), such as 0.95.
        generator: of the resampling.
        shown: with a progress bar.
    """
    resamples = group_resamples(groups, samples, generator, shown)
    chunks = [statistic(weights) for weights in resamples]
    tails = ((1 - confidence) / 2, (1 + confidence) / 2)
    intervals: dict[str, tuple[float, float] | None] = {}
    for name in chunks[0] if chunks else ():
        values = np.concatenate([chunk[name] for chunk in chunks])
        values = values[~np.isnan(values)]
        if len(values):
            low, high = np.quantile(values, tails)
            no_width = np.isclose(low, high, rtol=1e-9, atol=1e-12)
            intervals[name] = None if no_width else (float(low), float(high))
    return intervals
