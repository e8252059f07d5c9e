"""How long work takes: rates that are measured, and when a picture in line will be done."""

import math
import time
from collections import deque
from collections.abc import Callable, Iterable

HALF_LIFE = 30.0  # seconds of work after which a measurement counts half
WINDOW = 60.0  # seconds of arrivals from which the next ones are foreseen
MOST_SHARE = 0.5  # that is foreseen for what comes out of turn
ROUNDS = 50  # of the search for a time of which the forecast depends itself


class Rate:
    """Seconds of work for a number of pixels. The latest work counts most."""

    def __init__(self, seconds_per_pixel: float, fixed: float = 0.0):
        """fixed: seconds that any picture takes, however small."""
        self._seconds, self._pixels = HALF_LIFE, HALF_LIFE / seconds_per_pixel
        self._fixed = fixed

    def add(self, pixels: int, seconds: float) -> None:
        """Take account of work that was done."""
        worked = max(0.0, seconds - self._fixed)
        fade = 0.5 ** (worked / HALF_LIFE)
        self._seconds, self._pixels = self._seconds * fade + worked, self._pixels * fade + pixels

    def __call__(self, pixels: int) -> float:
        """The seconds that so many pixels take."""
        return self._fixed + pixels * self._seconds / self._pixels


class Share:
    """The share of work that counts, in the time of all work. The latest counts most."""

    def __init__(self) -> None:
        self._counting, self._all = 0.0, 1.0

    @property
    def part(self) -> float:
        """From 0 to less than 1."""
        return min(self._counting / self._all, MOST_SHARE)

    def add(self, seconds: float, *, counts: bool) -> None:
        """Take account of work that was done."""
        fade = 0.5 ** (seconds / HALF_LIFE)
        self._counting = self._counting * fade + (seconds if counts else 0.0)
        self._all = self._all * fade + seconds


class Arrivals:
    """The pictures of the last minute. What comes later and is served first is foreseen as more of the same."""

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self._clock, self._began = clock, clock()
        self._seen: deque[tuple[float, float, float]] = deque()  # when, seconds of work, patience

    def add(self, seconds: float, patience: float) -> None:
        """A picture has come. patience: seconds after its arrival for which later pictures may be served before it."""
        self._seen.append((self._clock(), seconds, patience))

    def end_of(self, work: float, due: float) -> float:
        """Seconds until a picture is done that comes after `work` seconds of others' and its own work.

        due: the time by which it is ordered; pictures that come later are served before it where theirs is earlier.
        """
        now = self._clock()
        while self._seen and self._seen[0][0] < now - WINDOW:
            self._seen.popleft()
        window = min(WINDOW, max(WINDOW / 6, now - self._began))  # the first seconds do not stand for a minute
        overtaking = [(seconds / window, due - now - patience) for _, seconds, patience in self._seen]
        return _solve(work, [(share, until) for share, until in overtaking if until > 0])


def _solve(work: float, overtaking: Iterable[tuple[float, float]]) -> float:
    """The least t with t = work + sum of share * min(t, until)."""
    shares = list(overtaking)
    t = work
    for _ in range(ROUNDS):
        further = work + math.fsum(share * min(t, until) for share, until in shares)
        if further - t < 0.05:
            break
        t = further
    return t
