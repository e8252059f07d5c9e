"""train.log: the lines that a run has said, each with its time."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pyimagesearch.system.files import exists, is_folder, read_text
from pyimagesearch.training.run_folder import RunFolder

NAME = "train.log"


class RunLog:
    """Says lines through `say`, and keeps them in the run folder.

    The file is written whole, since a bucket cannot append. Several threads may say lines.
    """

    def __init__(self, run: RunFolder, say: Callable[[str], None], *, writes: bool):
        """writes: whether this worker writes the folder."""
        self._run, self._say, self._writes = run, say, writes
        self._lines: list[str] = []
        self._lock = threading.Lock()  # of those lines
        self._before: str | None = None

    def __call__(self, line: str) -> None:
        self._say(line)
        with self._lock:
            self._lines.append(f"{time.strftime('%Y-%m-%d %H:%M:%S')}  {line}\n")

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Write the file at the end, however that comes."""
        try:
            yield
        finally:
            self.write()

    def write(self) -> None:
        """Write the file, if there are new lines."""
        if not self._writes or not self._lines or not is_folder(self._run.path):
            return
        if self._before is None:
            path = self._run.file(NAME)
            self._before = read_text(path) if exists(path) else ""
        with self._lock:
            self._before += "".join(self._lines)
            self._lines = []
        self._run.write_text(NAME, self._before)
