"""Temporary files: uploads, samples and results lie on the disk, so that what waits and what is done takes no memory.

All of them are in one folder, which is removed at the end. What a killed server left is removed at the next start: the
folder of a living one is locked, and the kernel ends the lock with the process.
"""

import contextlib
import fcntl
import os
import secrets
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Self

PREFIX = "srgan-serve-"
LOCK = "lock"
MOST_BYTES = 8_000_000_000  # of all files together, or half of the free disk where that is less


class Store:
    """A folder for temporary files, from `__enter__` to `__exit__`."""

    def __init__(self, most: int = MOST_BYTES, base: Path | None = None):
        """most: bytes. base: where the folder is made (default: $TMPDIR, or /var/tmp, which is no memory)."""
        self._most, self._base = most, base or _default_base()
        self.folder = self._base
        self.most_bytes = most

    def __enter__(self) -> Self:
        remove_leftovers(self._base)
        made = Path(tempfile.mkdtemp(prefix=f".{PREFIX}", dir=self._base))  # for this user alone
        self._lock = (made / LOCK).open("x")
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        self.folder = made.with_name(made.name[1:])  # found by others only from now on, when it is locked
        made.rename(self.folder)
        self.most_bytes = min(self._most, shutil.disk_usage(self.folder).free // 2)
        return self

    def __exit__(self, *_: object) -> None:
        """Remove the folder; the kernel unlocks it. A second call, by another thread, does no harm."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self._lock.close()

    @contextlib.contextmanager
    def taking_temporary_files(self) -> Iterator[None]:
        """Around what makes temporary files that are to lie here too."""
        usual, tempfile.tempdir = tempfile.tempdir, str(self.folder)
        try:
            yield
        finally:
            tempfile.tempdir = usual

    def new(self) -> Path:
        """A path for a file that nobody has."""
        return self.folder / secrets.token_hex(16)


def remove_leftovers(base: Path) -> None:
    """Remove the folders of servers that were killed. Only folders of this user, and only those without a lock."""
    for entry in os.scandir(base):
        with contextlib.suppress(OSError):
            about = entry.stat(follow_symlinks=False)
            if entry.name.startswith(PREFIX) and stat.S_ISDIR(about.st_mode) and about.st_uid == os.getuid():
                lock = os.open(Path(entry.path, LOCK), os.O_WRONLY | os.O_NOFOLLOW)
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    shutil.rmtree(entry.path)
                finally:
                    os.close(lock)


def _default_base() -> Path:
    disk = Path("/var/tmp")  # /tmp may be memory
    named = any(os.environ.get(name) for name in ("TMPDIR", "TEMP", "TMP"))
    return disk if not named and os.access(disk, os.W_OK | os.X_OK) else Path(tempfile.gettempdir())
