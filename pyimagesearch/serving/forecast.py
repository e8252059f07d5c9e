"""How long work takes: rates that are measured, and when a picture in line will be done."""

import math
import time
from collections import deque
from collections.abc import Callable, Sequence

HALF_LIFE = 30.0  # seconds of work after which a measurement counts half
WINDOW = 60.0  # seconds of arrivals from which the next ones are foreseen


class Rate:
    """Seconds of work for a number of pixels. The latest work counts most."""

    def __init__(self, seconds_per_pixel: float, fixed: float = 0.0):
        """fixed: seconds that any picture takes, however small."""
        self._seconds, self._pixels = HALF_LIFE, HALF_LIFE / seconds_per_pixel
        self._fixed = fixed

    def add(self, pixels: float, seconds: float) -> None:
        """Take account of work that was done."""
        worked = max(0.0, seconds - self._fixed)
        fade = 0.5 ** (worked / HALF_LIFE)
        self._seconds, self._pixels = self._seconds * fade + worked, self._pixels * fade + pixels

    def add_part(self, pixels: int, part: float, seconds: float) -> None:
        """Take account of work of which a part was done, 0 to 1."""
        self.add(pixels * part, seconds)

    def __call__(self, pixels: float) -> float:
        """The seconds that so many pixels take."""
        return self._fixed + pixels * self._seconds / self._pixels


class Arrivals:
    """The work that came into each lane in the last minute, and so the work that is foreseen to come."""

    def __init__(self, lanes: int, clock: Callable[[], float] = time.monotonic):
        self._lanes, self._clock, self._began = lanes, clock, clock()
        self._seen: deque[tuple[float, int, float]] = deque()  # when, which lane, seconds of work

    def add(self, lane: int, seconds: float) -> None:
        """A picture of so many seconds of work has come."""
        self._seen.append((self._clock(), lane, seconds))

    def rates(self) -> list[float]:
        """Seconds of work that come into each lane in a second."""
        now = self._clock()
        while self._seen and self._seen[0][0] < now - WINDOW:
            self._seen.popleft()
        window = min(WINDOW, max(WINDOW / 6, now - self._began))  # the first seconds do not stand for a minute
        return [math.fsum(work for _, at, work in self._seen if at == lane) / window for lane in range(self._lanes)]


def seconds_until_done(work: float, others: Sequence[tuple[float, float]]) -> float:
    """The seconds that `work` seconds of a lane take, which shares the time equally with other lanes that have work.

    others: of each other lane the seconds of work that wait there, and those that come in a second. A lane in which
    none waits takes what comes, up to its share.
    """
    waiting = {lane: left for lane, (left, _) in enumerate(others) if left > 0}
    now = 0.0
    while True:
        passing = math.fsum(rate for lane, (_, rate) in enumerate(others) if lane not in waiting)
        share = max((1 - passing) / (1 + len(waiting)), 1 / (1 + len(others)))
        ends = {lane: left / (share - others[lane][1]) for lane, left in waiting.items() if share > others[lane][1]}
        first = min(ends, key=ends.__getitem__, default=None)
        if first is None or work / share <= ends[first]:
            return now + work / share
        passed = ends[first]
        now, work = now + passed, work - passed * share
        waiting = {lane: left - passed * (share - others[lane][1]) for lane, left in waiting.items() if lane != first}
