"""Locks on folders: one process at a time writes to a run folder. They end with their process.

A local folder is locked with flock, which the kernel releases when the process dies. A bucket has no locks. There, a
process writes a claim, an object inside the folder, and renews it all the time; a claim that is not renewed for the
time of its lease has expired.
"""

import fcntl
import json
import logging
import os
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from pyimagesearch.errors import InputError, RunError, one_line
from pyimagesearch.system import files
from pyimagesearch.system.gcs import on_bucket

logger = logging.getLogger(__name__)

CLAIM = ".claim.json"
LEASE_S = 60.0  # renewed four times in this time
SETTLE_S = 2.0  # longer than a process takes between reading a claim and writing its own
OLD_S = 900.0  # a claim of this age is expired, however wrong the clocks of two machines are


class Held(Protocol):
    """A lock that is held."""

    def check(self) -> None:
        """Raise RunError if the folder is no longer held, for example because somebody removed it."""


@contextmanager
def hold(folder: str, what: str = "run") -> Iterator[Held]:
    """Hold a local or gs:// folder alone, until the end of the block or the death of the process.

    A local folder is made if it is missing. `what` says what the folder is, for messages. On a bucket this waits for
    the claim of a process that may have died, up to LEASE_S. Raises InputError if another process holds the folder.

    Example:
        with hold("outputs", what="run") as lock:
            ...
            lock.check()
    """
    if on_bucket(folder):
        with Claim(folder, what) as claim:
            yield claim
        return
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise InputError(f"`output` {folder}: this folder cannot be made ({error.strerror})") from None
    handle = _locked(folder, what)
    try:
        yield _FolderLock(folder, what, handle)
    finally:
        os.close(handle)


def _locked(folder: str, what: str) -> int:
    """A descriptor of the folder that holds its lock."""
    while True:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_at(folder, handle):  # else it was replaced in between
                return handle
        except BlockingIOError:
            owner = _owner(handle)
            os.close(handle)
            raise _held(folder, what, f"process {owner}" if owner else "another process") from None
        except OSError as error:
            logger.warning("%s: no locks on this file system (%s); start one %s at a time", folder, error, what)
            return handle
        os.close(handle)


def _held(folder: str, what: str, owner: str) -> InputError:
    return InputError(f"{folder}: this {what} is in use by {owner}; wait for its end, or give another folder")


def _is_at(folder: str, handle: int) -> bool:
    try:
        return os.path.samestat(os.stat(folder), os.fstat(handle))
    except OSError:
        return False


def _owner(handle: int) -> int | None:
    """The number of the process that holds the lock of an open file; None if the kernel does not say."""
    inode = str(os.fstat(handle).st_ino)
    try:
        locks = [line.split() for line in Path("/proc/locks").read_text().splitlines()]
    except OSError:
        return None
    # "1: FLOCK ADVISORY WRITE 4711 08:01:1234 0 EOF"; a waiting process has an arrow in the second place
    owners = [int(line[4]) for line in locks if line[1] == "FLOCK" and line[5].rpartition(":")[2] == inode]
    return owners[0] if owners and owners[0] > 0 else None


class _FolderLock:
    """A folder whose lock an open descriptor holds."""

    def __init__(self, folder: str, what: str, handle: int):
        self._folder, self._what, self._handle = folder, what, handle

    def check(self) -> None:
        if not _is_at(self._folder, self._handle):
            raise RunError(f"{self._folder}: the folder of this {self._what} was removed or replaced; start it again")


class Claim:
    """A claim on a folder, renewed by a thread while the `with` block runs and removed at its end.

    A bucket cannot create an object only if it is missing through TensorFlow, so that of two processes that write at
    the same time, the last one wins: both read again after SETTLE_S. A process that was stopped for longer than that
    in between takes the claim of another one, which `check` then reports there.
    """

    def __init__(self, folder: str, what: str = "run", *, lease_s: float = LEASE_S, settle_s: float = SETTLE_S):
        self._folder, self._what, self._lease_s, self._settle_s = folder, what, lease_s, settle_s
        self._path = files.join(folder, CLAIM)
        self._claim = {"token": uuid.uuid4().hex, "host": socket.gethostname(), **this_process()}
        self._renewed = 0.0
        self._lost = ""
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._renew_until_end, daemon=True)

    def __enter__(self) -> "Claim":
        files.check_bucket(self._folder)
        self._wait_for_others()
        self._write()
        time.sleep(self._settle_s)
        self._refuse_foreign(_read(self._path))
        self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._ended.set()
        self._thread.join()
        if self._lost:
            return
        try:
            if self._is_own(_read(self._path)):
                import tensorflow as tf

                tf.io.gfile.remove(self._path)
        except Exception as error:  # the claim expires; what ended the block matters more
            logger.warning("%s: cannot be removed (%s)", self._path, one_line(error)[:200])

    def check(self) -> None:
        if self._lost:
            raise RunError(f"{self._folder}: this {self._what} was taken over: {self._lost}; start it again")

    def _wait_for_others(self) -> None:
        """Return once no other process has a claim that is alive. Ages are measured here, not by another's clock."""
        seen, since = _read(self._path), time.monotonic()
        while seen and not _is_dead(seen):
            if _is_local(seen):
                self._refuse_foreign(seen)
            if time.monotonic() - since > float(seen.get("lease_s", LEASE_S)):
                return
            time.sleep(min(1.0, self._lease_s / 20))
            now = _read(self._path)
            if now and now != seen:
                self._refuse_foreign(now)
            seen = now

    def _refuse_foreign(self, claim: dict[str, Any] | None) -> None:
        if claim and not self._is_own(claim):
            owner = f"process {claim.get('pid')} on {claim.get('host')}"
            raise _held(self._folder, self._what, owner)

    def _is_own(self, claim: dict[str, Any] | None) -> bool:
        return claim is not None and claim.get("token") == self._claim["token"]

    def _write(self) -> None:
        files.write_whole(self._path, json.dumps({**self._claim, "lease_s": self._lease_s, "time": time.time()}))
        self._renewed = time.monotonic()

    def _renew_until_end(self) -> None:
        while not self._ended.wait(self._lease_s / 4):
            try:
                claim = _read(self._path)
                if claim and not self._is_own(claim):
                    self._lost = f"process {claim.get('pid')} on {claim.get('host')} has claimed it"
                    return
                self._write()
            except Exception as error:  # TensorFlow's exceptions for a bucket are of many kinds
                if time.monotonic() - self._renewed > self._lease_s:
                    self._lost = f"its claim could not be renewed ({one_line(error)[:200]})"
                    return


def _read(path: str) -> dict[str, Any] | None:
    """The claim at `path`; None if there is none, or none that can be read."""
    if not files.exists(path):
        return None
    try:
        claim = json.loads(files.read_text(path))
    except ValueError:
        return None
    except Exception:
        if files.exists(path):
            raise
        return None  # removed in between
    return claim if isinstance(claim, dict) else None


def this_process() -> dict[str, Any]:
    """What tells this process from every other one on all machines."""
    return {"pid": os.getpid(), "boot": _boot(), "started": _started(os.getpid())}


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip() + os.readlink("/proc/self/ns/pid")
    except OSError:
        return ""


def _started(pid: object) -> str | None:
    """When a process started, in ticks since the boot; None if there is no such process."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else fields[19]


def _is_local(claim: dict[str, Any]) -> bool:
    """Whether the process of a claim runs, or ran, on this machine."""
    return bool(claim.get("boot")) and claim["boot"] == _boot()


def _is_dead(claim: dict[str, Any]) -> bool:
    """Whether the process of a claim is certainly gone, so that there is nothing to wait for."""
    if _is_local(claim):
        return _started(claim.get("pid")) != claim.get("started")
    written = claim.get("time")
    return isinstance(written, float) and time.time() - written > OLD_S
