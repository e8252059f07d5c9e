"""How far a film is: a bar in a terminal, else a line now and then."""

import logging
import sys
import time
from types import TracebackType

from pyimagesearch.system import console

EVERY_S = 60.0  # between lines where stderr is no terminal

logger = logging.getLogger(__name__)


class Progress:
    """Counts frames. total: how many there may be, 0 if nothing says it; done: those of earlier runs."""

    def __init__(self, name: str, total: int, done: int):
        self._name, self._total, self._done, self._start = name, total, done, done
        self._bar = console.progress_bar(total=max(total, done), label=name, unit="frame", leave=False, done=done)
        self._began = self._said = time.monotonic()
        if done:
            logger.info("%s: goes on after %d frames that are done", name, done)

    def __enter__(self) -> "Progress":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.close()

    def update(self) -> None:
        """One frame more."""
        self._done += 1
        self._bar.update()

    def kept(self) -> None:
        """A segment is on the disk: say so where there is no bar, at most once in EVERY_S."""
        now = time.monotonic()
        if sys.stderr.isatty() or now - self._said < EVERY_S:
            return
        self._said = now
        pace = (now - self._began) / (self._done - self._start)
        total = f" of {self._total}" if self._total else ""
        left = max(0, self._total - self._done) * pace
        logger.info(
            "%s: %d%s frames%s", self._name, self._done, total, f", {console.duration(left)} left" if left else ""
        )
