"""The queue: one picture is computed at a time, the others wait, and a full queue takes no more requests."""

import asyncio
import math
import threading
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TypeVar

from fastapi import Request

from pyimagesearch.serving.errors import ServiceError

T = TypeVar("T")
LONGEST_WAIT = 60  # seconds that Retry-After asks for at most
PROTECTED_SECONDS = 3.0  # during which an upload keeps its place whatever the load


class Place:
    """One request's place in the queue."""

    def __init__(self) -> None:
        self.held = True
        self.upload: asyncio.Timeout | None = None  # while the body is received
        self.since = time.monotonic()


class Line:
    """A number of places, and one thread that computes for one request after the other."""

    def __init__(self, places: int):
        self._most = places
        self._places: list[Place] = []  # the oldest first
        self._turn = asyncio.Lock()  # serves in order
        self._thread = ThreadPoolExecutor(1, "inference")
        self._last_seconds = 0.0

    async def place(self, request: Request) -> AsyncIterator[None]:
        """A dependency of FastAPI: a place from before the body is read until the answer is sent; 503 without one."""
        if len(self._places) >= self._most:
            self._end_slowest_upload()
        if len(self._places) >= self._most:
            raise self._busy()
        place = request.state.place = Place()
        self._places.append(place)
        try:
            yield
        finally:
            self._leave(place)

    @asynccontextmanager
    async def upload(self, request: Request) -> AsyncIterator[None]:
        """Around receiving the body: 503 where others need the place of an upload that takes long."""
        place = request.state.place
        try:
            async with asyncio.timeout(None) as place.upload:
                yield
        except TimeoutError:
            if place.held:  # another deadline
                raise
            raise self._busy() from None
        finally:
            place.upload = None

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Around what one request computes. The next begins when this has ended, its thread included."""
        await self._turn.acquire()
        began = time.monotonic()
        try:
            yield
        finally:
            self._last_seconds = time.monotonic() - began
            # The thread works in order: this is done when what was cancelled in it has noticed and ended.
            ended = asyncio.get_running_loop().run_in_executor(self._thread, lambda: None)
            ended.add_done_callback(lambda _: self._turn.release())

    async def compute(self, work: Callable[[threading.Event], T]) -> T:
        """The result of work(stop), computed in the thread; `stop` is set where the caller is cancelled."""
        stop = threading.Event()
        future = asyncio.get_running_loop().run_in_executor(self._thread, work, stop)
        try:
            await asyncio.wait([future])  # unlike awaiting it, cancels nothing in the thread
        except asyncio.CancelledError:
            stop.set()
            future.add_done_callback(lambda ended: ended.cancelled() or ended.exception())  # retrieved by nobody else
            raise
        return future.result()

    def _busy(self) -> ServiceError:
        wait = min(LONGEST_WAIT, max(1, math.ceil(self._last_seconds)))
        message = f"the server has as many pictures as it takes at once; try again in {wait} s"
        return ServiceError(503, "busy", message, {"Retry-After": str(wait)})

    def _end_slowest_upload(self) -> None:
        """Take the place of the request that has been sending its body longest, unless it began just now."""
        now = time.monotonic()
        for place in self._places:
            if place.upload and now - place.since > PROTECTED_SECONDS:
                place.upload.reschedule(asyncio.get_running_loop().time())
                self._leave(place)
                return

    def _leave(self, place: Place) -> None:
        if place.held:
            place.held = False
            self._places.remove(place)
