"""What the commands print: log records as lines, progress bars, durations, sizes."""

import logging
import os
import resource
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from tqdm import tqdm

T = TypeVar("T")
NAMED = 3  # names in a line that is about many


def duration(seconds: float) -> str:
    """A time for people to read: `8.4 s`, `4 min 05 s`, `3 h 20 min`."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min"


def size(count: float) -> str:
    """A number of bytes with its unit: `12.3 MB`, `1.2 GB`."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "bytes" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def some(names: Sequence[str]) -> str:
    """The first NAMED of several names, and how many more there are: `a, b, c and 4 more`."""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def progress(items: Iterable[T], *, total: int, label: str, unit: str) -> Iterator[T]:
    """Yield `items` and show a progress bar with the time left on stderr, if stderr is a terminal."""
    with progress_bar(total=total, label=label, unit=unit) as bar:
        for item in items:
            yield item
            bar.update()


def progress_bar(*, total: int, label: str, unit: str, leave: bool = True, done: int = 0) -> tqdm:
    """A progress bar for work that calls `update()` itself. `leave`: keep the finished bar on the screen. `done`: how
    much earlier runs did, which is left out of the speed."""
    return tqdm(
        total=total, desc=label, unit=unit, mininterval=0.5, dynamic_ncols=True, disable=None, leave=leave,
        unit_scale=total >= 100_000, initial=done,
    )  # fmt: skip


@contextmanager
def watched(done: Callable[[], int], *, total: int, label: str, unit: str, every_s: float = 2.0) -> Iterator[None]:
    """Show a progress bar, if stderr is a terminal, of work that others do; `done()` tells how much of it is done."""
    ended = threading.Event()

    def watch(bar: tqdm) -> None:
        while not ended.wait(every_s):
            bar.update(done() - bar.n)

    with progress_bar(total=total, label=label, unit=unit) as bar:
        watcher = threading.Thread(target=watch, args=(bar,), daemon=True)
        if not bar.disable:
            watcher.start()
        try:
            yield
        finally:
            ended.set()
            if not bar.disable:
                watcher.join()
                bar.update(done() - bar.n)


def say(line: str) -> None:
    """Print a line to stdout above the progress bars. A reader that has gone away, such as `head`, stops no work."""
    try:
        tqdm.write(line)
        sys.stdout.flush()
    except BrokenPipeError:
        close_stdout()


def close_stdout() -> None:
    """Let nothing more be printed to a stdout whose reader has gone away: Python would report it again at its exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class _Lines(logging.Handler):
    """Prints the message of a record with `say`."""

    def emit(self, record: logging.LogRecord) -> None:
        prefix = "WARNING: " if record.levelno >= logging.WARNING else ""
        say(prefix + record.getMessage())


@contextmanager
def log_to_stdout(name: str = "pyimagesearch") -> Iterator[None]:
    """Print the log records of this package to stdout, from level info: as they are, or after `WARNING: `."""
    logger, handler = logging.getLogger(name), _Lines()
    level, propagate = logger.level, logger.propagate
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False  # TensorFlow's libraries may have given the root logger a handler of their own
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
        logger.propagate = propagate


class Stopwatch:
    """Measures the time of a command; as a string, with the peak memory of the process."""

    def __init__(self) -> None:
        self._start = time.perf_counter()

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self._start

    def __str__(self) -> str:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024  # Linux counts in KiB
        return f"{duration(self.seconds)}, peak memory {size(peak)}"


@contextmanager
def hidden_native_stderr() -> Iterator[None]:
    """Discard what native libraries write to stderr. TensorFlow prints a banner at import that no option turns off."""
    sys.stderr.flush()
    stderr = os.dup(2)
    with tempfile.TemporaryFile() as sink:
        os.dup2(sink.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
