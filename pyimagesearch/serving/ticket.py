"""One picture in line: when it is due, how far it is, how much work is left."""

import asyncio
import bisect
import itertools
import math
import threading
import time
from collections.abc import Callable
from typing import Any

LANES = (0.5, 5.0, math.inf)  # seconds of work up to which a job's pictures wait in each lane
PACE_PART = 0.2  # of a picture that tells how long the rest takes
LATE_SECONDS = 0.5  # that a picture is said to take still, where it has taken longer than was foreseen
_NUMBERS = itertools.count()


class Ticket:
    """One picture in line."""

    def __init__(
        self, owner: str, work: Callable[["Ticket"], Any], *, seconds: float, pixels: int, piece: int,
        before: float = 0.0,
    ):  # fmt: skip
        """owner: the job's id. work: what is done, in the thread; it calls Line.tile_done after each piece of it.

        seconds: that this will take. pixels: of all the work, by which progress is counted. piece: of them, those of
        the largest piece. before: seconds of the job's pictures that are in line before this one, so that a job of
        many pictures waits like one long picture.
        """
        self.owner, self.work, self.seconds, self.pixels, self._piece = owner, work, seconds, pixels, piece
        self.lane = bisect.bisect_left(LANES, before + seconds)
        self.number = next(_NUMBERS)
        self.stop = threading.Event()
        self.done_pixels = 0
        self.entered = time.monotonic()  # the line
        self.waited = 0.0  # seconds in line before the work began
        self.worked = 0.0  # seconds, without those of pictures that were worked on between its tiles
        self.begun = False
        self.charged = 0.0  # of the seconds worked, those that its lane has been charged for
        self._resumed = 0.0
        self.future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    @property
    def left(self) -> float:
        """Seconds of work that are left, about."""
        return max(LATE_SECONDS, self._whole() - self._worked_now()) if self.begun else self.seconds

    @property
    def piece_left(self) -> float:
        """Seconds until the next piece is done, about."""
        since = time.monotonic() - self._resumed if self._resumed else 0.0
        return max(0.0, min(self.left, self._whole() * self._piece / self.pixels - since))

    def _whole(self) -> float:
        """Seconds that all of it takes: as foreseen, and once some of it is done, by its own pace."""
        done = self.done_pixels / self.pixels
        return self.worked / done if done >= PACE_PART else self.seconds

    def _worked_now(self) -> float:
        return self.worked + (time.monotonic() - self._resumed if self._resumed else 0.0)

    def resume(self) -> None:
        """The clock runs."""
        self._resumed = time.monotonic()
        if not self.begun:
            self.begun, self.waited = True, self._resumed - self.entered

    def pause(self) -> None:
        """The clock stands."""
        self.worked, self._resumed = self._worked_now(), 0.0
