"""The line of pictures that wait for the networks: short ones first, and none waits for ever.

One picture is worked on at a time, with all cores. The order is by `due`: when a picture came, plus PATIENCE times the
seconds that it takes. So a picture is overtaken only by shorter ones, and only by those that come within PATIENCE times
its own seconds. Since the line never holds more than `most_seconds` of work, no picture waits longer than
most_seconds + PATIENCE * its own seconds + the rest of the one at work.

A large picture gives way to a short one after each of its tiles.
"""

import asyncio
import contextlib
import itertools
import math
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from pyimagesearch.inference.tiles import LARGEST_TILE
from pyimagesearch.serving.errors import ServiceError
from pyimagesearch.serving.forecast import Arrivals

PATIENCE = 4.0
SHORT_SECONDS = 5.0  # of pictures that are worked on between the tiles of another, in memory beside it
LONGEST_WAIT = 600  # seconds that Retry-After asks for at most
PACE_PART = 0.2  # of a picture that tells how long the rest takes
LATE_SECONDS = 0.5  # that a picture is said to take still, where it has taken longer than was foreseen
_NUMBERS = itertools.count()


class Stopped(Exception):
    """Nobody wants the picture any more."""


class Ticket:
    """One picture in line."""

    def __init__(
        self, owner: str, work: Callable[["Ticket"], Any], *, seconds: float, pixels: int, before: float = 0.0
    ):
        """owner: the job's id. work: what is done, in the thread; it calls Line.tile_done after each tile.

        seconds: that this will take. pixels: of the picture that came in. before: seconds of the job's pictures that
        are in line before this one, so that a job of many pictures waits like one long picture.
        """
        self.owner, self.work, self.seconds, self.pixels = owner, work, seconds, pixels
        self.due = time.monotonic() + PATIENCE * (before + seconds)
        self.number = next(_NUMBERS)
        self.stop = threading.Event()
        self.done_pixels = 0
        self.worked = 0.0  # seconds, without those of pictures that were worked on between its tiles
        self.begun = False
        self._resumed = 0.0
        self.future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    @property
    def left(self) -> float:
        """Seconds of work that are left, about."""
        return max(LATE_SECONDS, self._whole() - self._worked_now()) if self.begun else self.seconds

    @property
    def tile_left(self) -> float:
        """Seconds until the next tile is done, about."""
        tiles = max(1.0, self.pixels / LARGEST_TILE**2)
        since = time.monotonic() - self._resumed if self._resumed else 0.0
        return max(0.0, min(self.left, self._whole() / tiles - since))

    @property
    def is_short(self) -> bool:
        """Whether it may be worked on between the tiles of another."""
        return self.seconds <= SHORT_SECONDS

    def _whole(self) -> float:
        """Seconds that all of it takes: as foreseen, and once some of it is done, by its own pace."""
        done = self.done_pixels / self.pixels
        return self.worked / done if done >= PACE_PART else self.seconds

    def _worked_now(self) -> float:
        return self.worked + (time.monotonic() - self._resumed if self._resumed else 0.0)

    def resume(self) -> None:
        """The clock runs."""
        self.begun, self._resumed = True, time.monotonic()

    def pause(self) -> None:
        """The clock stands."""
        self.worked += time.monotonic() - self._resumed
        self._resumed = 0.0


class Line:
    """Pictures in line, and the one thread that works on them."""

    def __init__(self, most_seconds: float, most_each: float = math.inf):
        """most_seconds: of work that is in line together. most_each: of work on one picture, from its first tile."""
        self.most_seconds, self._most_each = most_seconds, most_each
        self._waiting: list[Ticket] = []
        self._running: list[Ticket] = []  # the second one between two tiles of the first
        self._lock = threading.Lock()
        self._thread = ThreadPoolExecutor(1, "inference")
        self._arrivals = Arrivals()

    def add(self, tickets: Iterable[Ticket]) -> None:
        """Put pictures in line. Await `future` of each: what its work returned, or raised."""
        for ticket in tickets:
            self._arrivals.add(ticket.seconds, ticket.due - time.monotonic())
            with self._lock:
                self._waiting.append(ticket)
            self._thread.submit(self._work_on_next)

    def leave(self, ticket: Ticket) -> None:
        """Take a picture out of the line, or stop the work on it after the current tile."""
        ticket.stop.set()
        with self._lock:
            waited = ticket in self._waiting
            if waited:
                self._waiting.remove(ticket)
        if waited:
            ticket.future.cancel()

    def close(self) -> None:
        """Stop all work, after the current tile."""
        with self._lock:
            tickets = [*self._running, *self._waiting]
        for ticket in tickets:
            ticket.stop.set()

    def tile_done(self, ticket: Ticket, pixels: int) -> None:
        """Called in the thread after each tile. Raises Stopped, and ServiceError 504 where it takes too long."""
        ticket.done_pixels += pixels
        ticket.pause()
        if ticket.stop.is_set():
            raise Stopped
        if ticket.worked > self._most_each:
            reason = f"it took more than {self._most_each:g} s; try a smaller picture, or later"
            raise ServiceError(504, "too_slow", reason)
        if len(self._running) == 1 and ticket.done_pixels < ticket.pixels:
            while other := self._next(before=ticket):
                self._run(other)
        ticket.resume()

    def seconds(self) -> float:
        """Of work that is in line."""
        with self._lock:
            return math.fsum(ticket.left for ticket in [*self._running, *self._waiting])

    def check_room(self, seconds: float) -> None:
        """Raise ServiceError 503 where work of so many seconds does not fit into the line now, and 413 where never."""
        if seconds > self.most_seconds:
            reason = (
                f"this takes about {seconds:.0f} s here, and at most {self.most_seconds:.0f} s are taken at once; "
                "send fewer or smaller pictures at a time"
            )
            raise ServiceError(413, "too_much_work", reason)
        excess = self.seconds() + seconds - self.most_seconds
        if excess > 0:
            raise busy(excess)

    def first_end(self) -> float:
        """Seconds until the first of the pictures in line is done; 1 where it is empty."""
        with self._lock:
            running = [ticket.left for ticket in self._running[-1:]]
            return min(running or [ticket.left for ticket in self._waiting], default=1.0)

    def ahead_of(self, ticket: Ticket) -> list[Ticket]:
        """The waiting pictures that come before this one, itself not among them."""
        with self._lock:
            return [other for other in self._waiting if other is not ticket and _key(other) < _key(ticket)]

    def seconds_until_done(self, ticket: Ticket) -> float:
        """Until work on this picture has ended, from the work in line and what else is foreseen to come before it."""
        with self._lock:
            work = math.fsum([ticket.left, *self._work_before(ticket)])
        return self._arrivals.end_of(work, ticket.due)

    def _work_before(self, ticket: Ticket) -> list[float]:
        """Seconds of what is worked on before this picture is done, as things stand."""
        running, nested = self._running[:1], [other.left for other in self._running[1:]]
        ahead = [other for other in self._waiting if _key(other) < _key(ticket)]
        if not running:
            return [other.left for other in ahead]
        if ticket in self._running[1:]:
            return []
        if ticket in running or (ticket.is_short and ticket.due < running[0].due):  # short ones alone come before it
            tile = [] if ticket in running or nested else [running[0].tile_left]
            return [*tile, *nested, *(other.left for other in ahead if other.is_short)]
        return [running[0].left, *nested, *(other.left for other in ahead)]

    def _next(self, before: Ticket | None = None) -> Ticket | None:
        """Take the next picture out of the line; with `before`, only a short one that is due before that picture."""
        with self._lock:
            fit = (
                ticket for ticket in self._waiting if before is None or (ticket.due < before.due and ticket.is_short)
            )
            ticket = min(fit, key=_key, default=None)
            if ticket:
                self._waiting.remove(ticket)
                self._running.append(ticket)
            return ticket

    def _work_on_next(self) -> None:
        ticket = self._next()  # none where one was worked on between the tiles of another
        if ticket:
            self._run(ticket)

    def _run(self, ticket: Ticket) -> None:
        ticket.resume()
        result, error = None, None
        try:
            if ticket.stop.is_set():
                raise Stopped
            result = ticket.work(ticket)
        except BaseException as raised:
            error = raised
        with self._lock:
            self._running.remove(ticket)
        with contextlib.suppress(RuntimeError):  # the loop has ended, and with it those who wait
            ticket.future.get_loop().call_soon_threadsafe(_settle, ticket.future, result, error)


def busy(seconds: float) -> ServiceError:
    """503 that says when to try again."""
    wait = min(LONGEST_WAIT, max(1, math.ceil(seconds)))
    message = f"the server has as much work as it takes at once; try again in {wait} s"
    return ServiceError(503, "busy", message, {"Retry-After": str(wait)})


def _key(ticket: Ticket) -> tuple[float, int]:
    return ticket.due, ticket.number


def _settle(future: asyncio.Future[Any], result: Any, error: BaseException | None) -> None:
    if future.done():
        return
    if isinstance(error, Stopped):
        future.cancel()
    elif error:
        future.set_exception(error)
    else:
        future.set_result(result)
