"""Who is let in: a number of places for requests and jobs, so that a full server reads no more bodies."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from fastapi import Request

from pyimagesearch.serving.errors import ServiceError

PROTECTED_SECONDS = 3.0  # during which an upload keeps its place whatever the load
MOST_UPLOADS = 8  # bodies that are received at once


class Place:
    """The place of one request, or of the job that it made."""

    def __init__(self) -> None:
        self.held = True
        self.handed_over = False  # to a job, which gives it back at its end
        self.upload: asyncio.Timeout | None = None  # while the body is received
        self.since = time.monotonic()


class Places:
    """A number of places."""

    def __init__(self, most: int, busy: Callable[[], ServiceError]):
        """busy: makes the error of those who get no place."""
        self._most, self._busy = most, busy
        self._places: list[Place] = []  # the oldest first

    async def place(self, request: Request) -> AsyncIterator[None]:
        """A dependency of FastAPI: a place from before the body is read until the request's or its job's end."""
        if self._is_full():
            self._end_slowest_upload()
        if self._is_full():
            raise self._busy()
        place = request.state.place = Place()
        self._places.append(place)
        try:
            yield
        finally:
            if not place.handed_over:
                self.leave(place)

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

    @property
    def taken(self) -> int:
        """How many places are taken."""
        return len(self._places)

    def leave(self, place: Place) -> None:
        """Give a place back; a second time does nothing."""
        if place.held:
            place.held = False
            self._places.remove(place)

    def _is_full(self) -> bool:
        uploads = sum(place.upload is not None for place in self._places)
        return len(self._places) >= self._most or uploads >= MOST_UPLOADS

    def _end_slowest_upload(self) -> None:
        """Take the place of the request that has been sending its body longest, unless it began just now."""
        now = time.monotonic()
        for place in self._places:
            if place.upload and now - place.since > PROTECTED_SECONDS:
                place.upload.reschedule(asyncio.get_running_loop().time())
                self.leave(place)
                return
