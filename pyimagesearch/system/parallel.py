"""Runs work on all cores, yields the results in order, and bounds the memory in use."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

PIXELS = 48_000_000  # of the pictures in memory at a time: about 0.5 GB with their copies and records

T = TypeVar("T")
R = TypeVar("R")


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0))


def ordered(
    work: Callable[[T], R],
    items: Iterable[T],
    *,
    weight: Callable[[T], int],
    budget: int = PIXELS,
    threads: int | None = None,
) -> Iterator[R]:
    """Yield work(item) for every item, in order.

    threads: one per core unless said otherwise; decoding and hashing release Python's lock.

    The weights of the items that are started and not yet yielded add up to at most `budget`. An item that is heavier
    than the budget runs alone.
    """
    pending: deque[tuple[int, Future[R]]] = deque()
    load = 0
    pool = ThreadPoolExecutor(threads or cores())
    try:
        for item in items:
            cost = weight(item)
            while pending and load + cost > budget:
                oldest_cost, future = pending.popleft()
                yield future.result()
                load -= oldest_cost
            pending.append((cost, pool.submit(work, item)))
            load += cost
        while pending:
            yield pending.popleft()[1].result()
    finally:
        pool.shutdown(cancel_futures=True)
