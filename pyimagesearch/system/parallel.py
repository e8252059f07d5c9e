"""Work on several cores, results in order, with a bound on what is in memory."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

PIXELS = 48_000_000  # of pictures at work at once: with their copies and records, half a gigabyte

T = TypeVar("T")
R = TypeVar("R")


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0))


def ordered(
    work: Callable[[T], R], items: Iterable[T], *, weight: Callable[[T], int], budget: int = PIXELS
) -> Iterator[R]:
    """work(item) of every item, in order, done by a thread per core: decoding and hashing release Python's lock.

    Items are begun while the weights of those that are begun and not yet handed out stay within `budget`; one heavier
    than that goes alone.
    """
    pending: deque[tuple[int, Future[R]]] = deque()
    load = 0
    pool = ThreadPoolExecutor(cores())
    try:
        for item in items:
            heavy = weight(item)
            while pending and load + heavy > budget:
                done, future = pending.popleft()
                yield future.result()
                load -= done
            pending.append((heavy, pool.submit(work, item)))
            load += heavy
        while pending:
            yield pending.popleft()[1].result()
    finally:
        pool.shutdown(cancel_futures=True)
