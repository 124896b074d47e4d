"""Work on all processors, in order and without piling up."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain, islice
from typing import TypeVar

from dermaflow.io.processors import processors

Item = TypeVar("Item")
Result = TypeVar("Result")


def map_in_threads(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    workers: int | None = None,
    block: int = 1,
) -> Iterator[Result]:
    """Like ``map``, on several threads and in order, never more than a few items ahead.

    Decoders let go of Python's lock, so that threads do, and nothing has to be pickled.

    Args:
        function: safe to call from several threads.
        items: consumed as results are taken, at most ``4 * workers`` ahead of them, or two blocks
            a worker where those are more.
        workers: threads; all processors this process may use by default.
        block: items that a thread takes at a time. Handing over takes some 50 µs, which short work
            should share.
    """
    workers = workers or processors()
    remaining = iter(items)
    pool = ThreadPoolExecutor(workers, thread_name_prefix="decode")

    def submit() -> Iterator[Future[list[Result]]]:
        taken = list(islice(remaining, block))
        if taken:
            yield pool.submit(_map_block, function, taken)

    ahead = max(2 * workers, 4 * workers // block)  # blocks: their results wait in memory
    try:
        pending = deque(chain.from_iterable(submit() for _ in range(ahead)))
        while pending:
            results = pending.popleft().result()
            pending.extend(submit())
            yield from results
    finally:
        pool.shutdown(cancel_futures=True)


def _map_block(function: Callable[[Item], Result], items: list[Item]) -> list[Result]:
    return [function(item) for item in items]
