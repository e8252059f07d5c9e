"""The line of pictures that wait for the networks: short ones need not wait for long ones, and none waits for ever.

One picture is worked on at a time, with all cores. Pictures wait in lanes, by the seconds of work of their jobs
(LANES). In a lane, who comes first is first. Lanes that are not empty share the time equally: the next picture is
from the lane that has had least (Goyal et al., "Start-time Fair Queuing", SIGCOMM 1996). So a picture waits at most
three times as long as the work takes that is before it in its lane, whatever comes after it. A picture of several
tiles gives way to those of shorter lanes after each tile; so does a picture that is painted in steps, after each step.
"""

import asyncio
import contextlib
import math
import threading
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from pyimagesearch.serving.errors import ServiceError
from pyimagesearch.serving.forecast import Arrivals, seconds_until_done
from pyimagesearch.serving.ticket import LANES, Ticket

LONGEST_WAIT = 600  # seconds that Retry-After asks for at most


class Stopped(Exception):
    """Nobody wants the picture any more."""


class Line:
    """Pictures in line, and the one thread that works on them."""

    def __init__(self, most_seconds: float, most_each: float = math.inf):
        """most_seconds: of work that is in line together. most_each: of work on one picture, from its first tile."""
        self.most_seconds, self._most_each = most_seconds, most_each
        self._waiting: list[Ticket] = []
        self._running: list[Ticket] = []  # each one between two tiles of the one before
        self._lock = threading.Lock()
        self._thread = ThreadPoolExecutor(1, "inference")
        self._arrivals = Arrivals(len(LANES))
        self._had = [0.0] * len(
            LANES
        )  # seconds of each lane; one that was empty begins where the least of the others is

    def add(self, tickets: Iterable[Ticket]) -> None:
        """Put pictures in line. Await `future` of each: what its work returned, or raised."""
        for ticket in tickets:
            ticket.entered = time.monotonic()
            with self._lock:
                self._arrivals.add(ticket.lane, ticket.seconds)
                busy_lanes = {other.lane for other in [*self._running, *self._waiting]}
                if busy_lanes and ticket.lane not in busy_lanes:
                    self._had[ticket.lane] = max(self._had[ticket.lane], min(self._had[lane] for lane in busy_lanes))
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
        """Called in the thread after each piece of the work, such as a tile, with the number of its pixels.

        Raises Stopped, and ServiceError 504 where work is left and it takes too long.
        """
        ticket.done_pixels += pixels
        ticket.pause()
        self._charge(ticket)
        if ticket.stop.is_set():
            raise Stopped
        if ticket.done_pixels < ticket.pixels:
            if ticket.worked > self._most_each:
                reason = f"it took more than {self._most_each:g} s; try a smaller picture, or later"
                raise ServiceError(504, "too_slow", reason)
            while other := self._next(within=ticket):
                self._run(other)
        ticket.resume()

    def pictures(self) -> tuple[int, int]:
        """How many wait, and how many are begun."""
        with self._lock:
            return len(self._waiting), len(self._running)

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
        """The waiting pictures that come before this one, itself not among them, as things stand."""
        with self._lock:
            own = self._work_until(ticket)
            return [
                other for other in self._waiting
                if other is not ticket
                and (other.number < ticket.number if other.lane == ticket.lane else self._work_until(other) <= own)
            ]  # fmt: skip

    def seconds_until_done(self, ticket: Ticket) -> float:
        """Until work on this picture has ended, from the work in line and as much to come as in the last minute."""
        with self._lock:
            work, rates = [0.0] * len(LANES), self._arrivals.rates()
            for other in [*self._running, *self._waiting]:
                work[other.lane] += other.left
            others = [
                (work[lane], rates[lane]) for lane in range(len(LANES))
                if lane < ticket.lane or (lane > ticket.lane and not ticket.begun)  # a longer one does not go between
            ]  # fmt: skip
            return self._tile_before(ticket) + seconds_until_done(self._work_until(ticket), others)

    def _tile_before(self, ticket: Ticket) -> float:
        """Seconds of a piece at work of another lane, for whose end a waiting picture waits."""
        at_work = self._running[-1:]
        return 0.0 if ticket.begun or not at_work or at_work[0].lane == ticket.lane else at_work[0].piece_left

    def _work_until(self, ticket: Ticket) -> float:
        """Seconds of work in the lane of a picture until it is done."""
        before = (
            other.left for other in [*self._running, *self._waiting]
            if other.lane == ticket.lane and other.number < ticket.number
        )  # fmt: skip
        return math.fsum([ticket.left, *before])

    def _next(self, within: Ticket | None = None) -> Ticket | None:
        """Take the next picture out of the line; with `within`, one that goes between the tiles of that one."""
        with self._lock:
            lanes = {ticket.lane for ticket in self._waiting if within is None or ticket.lane < within.lane}
            lane = min(lanes, key=lambda each: (self._had[each], each), default=None)
            if lane is None or (within and self._had[lane] > self._had[within.lane]):
                return None
            ticket = next(each for each in self._waiting if each.lane == lane)
            self._waiting.remove(ticket)
            self._running.append(ticket)
            return ticket

    def _charge(self, ticket: Ticket) -> None:
        """Count the work on a picture since the last time as its lane's."""
        with self._lock:
            self._had[ticket.lane] += ticket.worked - ticket.charged
            ticket.charged = ticket.worked

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
        self._charge(ticket)
        with self._lock:
            self._running.remove(ticket)
        with contextlib.suppress(RuntimeError):  # the loop has ended, and with it those who wait
            ticket.future.get_loop().call_soon_threadsafe(_settle, ticket.future, result, error)


def busy(seconds: float) -> ServiceError:
    """503 that says when to try again."""
    wait = min(LONGEST_WAIT, max(1, math.ceil(seconds)))
    message = f"the server has as much work as it takes at once; try again in {wait} s"
    return ServiceError(503, "busy", message, {"Retry-After": str(wait)})


def _settle(future: asyncio.Future[Any], result: Any, error: BaseException | None) -> None:
    if future.done():
        return
    if isinstance(error, Stopped):
        future.cancel()
    elif error:
        future.set_exception(error)
    else:
        future.set_result(result)
