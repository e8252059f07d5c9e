"""The line of pictures that wait for the networks: short ones first, and none waits for ever.

One picture is worked on at a time, with all cores. The order is by `due`: when a picture came, plus PATIENCE times the
seconds that it takes. So a picture is overtaken only by shorter ones, and only by those that come within PATIENCE times
its own seconds. Since the line never holds more than `most_seconds` of work, no picture waits longer than
most_seconds + PATIENCE * its own seconds + the rest of the one at work; half as long again, since the shortest may take
SHARE of the time of all work out of turn, so that they need not wait for all that are overdue.

A large picture gives way to a short one after each of its tiles.
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
from pyimagesearch.serving.forecast import Arrivals, Share
from pyimagesearch.serving.ticket import SHORT_SECONDS, Ticket

SHARE = 0.5  # of the time of all work, which the shortest pictures may have out of turn beside it
MOST_CREDIT = 10.0  # seconds of it that are saved up
LONGEST_WAIT = 600  # seconds that Retry-After asks for at most


class Stopped(Exception):
    """Nobody wants the picture any more."""


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
        self._out_of_turn = Share()  # of the time of work
        self._credit = MOST_CREDIT  # seconds that the shortest pictures may take out of turn

    def add(self, tickets: Iterable[Ticket]) -> None:
        """Put pictures in line. Await `future` of each: what its work returned, or raised."""
        for ticket in tickets:
            if not ticket.is_short:  # those come out of turn mostly, of which the share is known
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
        self._credit = min(self._credit + SHARE * ticket.pause(), MOST_CREDIT)
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
            in_turn, out_of_turn = self._work_in_turn(ticket), self._work_out_of_turn(ticket)
        beside = 1.0 - self._out_of_turn.part  # of the time that is left for those in turn
        return min(out_of_turn, self._arrivals.end_of(in_turn / beside, ticket.due))

    def _work_in_turn(self, ticket: Ticket) -> float:
        """Seconds of work until this picture is done in its turn, as things stand."""
        running, nested = self._running[:1], [other.left for other in self._running[1:]]
        ahead = [other for other in self._waiting if _key(other) < _key(ticket)]
        if ticket in self._running[1:] or not running:
            return math.fsum([ticket.left, *(other.left for other in ahead if not running)])
        if ticket in running or (ticket.is_short and ticket.due < running[0].due):  # between the tiles of a long one
            tile = [] if ticket in running or nested else [running[0].tile_left]
            return math.fsum([ticket.left, *tile, *nested, *(other.left for other in ahead if other.is_short)])
        return math.fsum([ticket.left, running[0].left, *nested, *(other.left for other in ahead)])

    def _work_out_of_turn(self, ticket: Ticket) -> float:
        """Seconds of work until this picture is done out of turn; infinite for those that only have their turn."""
        if ticket.length > SHORT_SECONDS or ticket not in self._waiting:
            return math.inf
        needed = math.fsum(other.left for other in self._waiting if _shortness(other) <= _shortness(ticket))
        if needed > self._credit:  # by then others will have come that are shorter still
            return math.inf
        return math.fsum([needed, *(other.tile_left for other in self._running)])

    def _next(self, before: Ticket | None = None) -> Ticket | None:
        """Take the next picture out of the line; with `before`, only a short one that may go between its tiles."""
        with self._lock:
            fit = [
                ticket for ticket in self._waiting if before is None or (ticket.is_short and ticket.due < before.due)
            ]
            ticket = min(fit, key=_key, default=None)
            short = (ticket for ticket in self._waiting if ticket.length <= SHORT_SECONDS)
            shortest = min(short, key=_shortness, default=None)
            if shortest and shortest is not ticket and self._credit > 0:
                ticket = shortest
                ticket.out_of_turn = True
                self._credit -= shortest.seconds
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
        self._out_of_turn.add(ticket.worked, counts=ticket.out_of_turn)
        with contextlib.suppress(RuntimeError):  # the loop has ended, and with it those who wait
            ticket.future.get_loop().call_soon_threadsafe(_settle, ticket.future, result, error)


def busy(seconds: float) -> ServiceError:
    """503 that says when to try again."""
    wait = min(LONGEST_WAIT, max(1, math.ceil(seconds)))
    message = f"the server has as much work as it takes at once; try again in {wait} s"
    return ServiceError(503, "busy", message, {"Retry-After": str(wait)})


def _key(ticket: Ticket) -> tuple[float, int]:
    return ticket.due, ticket.number


def _shortness(ticket: Ticket) -> tuple[float, int]:
    return ticket.length, ticket.number


def _settle(future: asyncio.Future[Any], result: Any, error: BaseException | None) -> None:
    if future.done():
        return
    if isinstance(error, Stopped):
        future.cancel()
    elif error:
        future.set_exception(error)
    else:
        future.set_result(result)
