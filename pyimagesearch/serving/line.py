"""One picture is computed at a time; the others wait in line, and a full line lets nobody in."""

import asyncio
import math
import threading
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from pyimagesearch.serving.errors import ServiceError

T = TypeVar("T")
LONGEST_WAIT = 60  # seconds that Retry-After asks for at most


class Line:
    """A number of places, and one thread that computes for who stands first."""

    def __init__(self, places: int):
        self.free = places
        self._turn = asyncio.Lock()  # serves in order
        self._thread = ThreadPoolExecutor(1, "inference")
        self._last_seconds = 0.0

    async def place(self) -> AsyncIterator[None]:
        """A dependency of FastAPI: a place from before the body is read until the answer is sent; 503 without one."""
        if not self.free:
            wait = min(LONGEST_WAIT, max(1, math.ceil(self._last_seconds)))
            message = f"the server has as many pictures as it takes at once; try again in {wait} s"
            raise ServiceError(503, "busy", message, {"Retry-After": str(wait)})
        self.free -= 1
        try:
            yield
        finally:
            self.free += 1

    async def run(self, work: Callable[[threading.Event], T]) -> T:
        """The result of work(stop), computed when it is its turn.

        Cancelled before, it is never begun. Cancelled later, `stop` is set, and the next begins when `work` has ended.
        """
        await self._turn.acquire()
        stop = threading.Event()
        began = time.monotonic()
        future = asyncio.get_running_loop().run_in_executor(self._thread, work, stop)
        future.add_done_callback(lambda _: self._next(time.monotonic() - began))
        try:
            await asyncio.wait([future])  # unlike awaiting it, cancels nothing in the thread
        except asyncio.CancelledError:
            stop.set()
            future.add_done_callback(lambda ended: ended.cancelled() or ended.exception())  # nobody asks for it
            raise
        return future.result()

    def _next(self, seconds: float) -> None:
        self._last_seconds = seconds
        self._turn.release()
