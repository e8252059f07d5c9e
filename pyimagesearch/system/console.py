"""What the commands print: durations, sizes, progress bars and the closing line."""

import os
import resource
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from tqdm import tqdm

T = TypeVar("T")


def duration(seconds: float) -> str:
    """`seconds` as a person would say it: `8.4 s`, `4 min 05 s`, `3 h 20 min`."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min"


def size(count: float) -> str:
    """`count` bytes with a unit: `12.3 MB`, `1.2 GB`."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "bytes" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def progress(items: Iterable[T], *, total: int, label: str, unit: str) -> Iterator[T]:
    """Iterate over `items` under a progress bar that shows the time left (on stderr, where that is a terminal)."""
    with progress_bar(total=total, label=label, unit=unit) as bar:
        for item in items:
            yield item
            bar.update()


def progress_bar(*, total: int, label: str, unit: str, leave: bool = True) -> tqdm:
    """The bar alone, for work that calls its `update()`; without `leave` it goes when the work is done."""
    return tqdm(
        total=total, desc=label, unit=unit, mininterval=0.5, dynamic_ncols=True, disable=None, leave=leave,
        unit_scale=total >= 100_000,
    )  # fmt: skip


def say(line: str) -> None:
    """Print a line beside the bars that are shown."""
    tqdm.write(line)


class Stopwatch:
    """Says how long a command took and how much memory it needed at most."""

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
    """Drop what C++ libraries write to stderr while they load: TensorFlow's banner has no switch."""
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as sink:
        os.dup2(sink.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
