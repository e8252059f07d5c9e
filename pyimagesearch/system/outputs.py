"""Where results go: whether they can be written, which is asked before the work, and reports of several files."""

import errno
import os
import re
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from pyimagesearch.errors import InputError
from pyimagesearch.system import files
from pyimagesearch.system.gcs import on_bucket

LONGEST_NAME = 255  # bytes of the name of a file or folder, on the usual file systems
PROBE_BYTES = 4096  # a full disk still takes empty files
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)  # after these no other file can be written there either
REASONS = {
    errno.EACCES: "is read-only",
    errno.EPERM: "is read-only",
    errno.EROFS: "is on a read-only disk",
    errno.ENOSPC: "is on a disk without free space",
    errno.EDQUOT: "is on a disk without free space for this user",
}


def check_folder(folder: str | os.PathLike[str], of: str | os.PathLike[str] | None = None) -> None:
    """Raise InputError unless files can be written to the local `folder`, which may have to be made."""
    said = of or folder
    _check_length(os.fspath(folder))
    above = os.path.abspath(folder)
    try:
        while not os.path.lexists(above):
            above = os.path.dirname(above)
        if not stat.S_ISDIR(os.stat(above).st_mode):
            raise InputError(f"{said}: nothing can be written there: {above} is not a folder")
        with tempfile.NamedTemporaryFile(dir=above, prefix=".srgan-", suffix=".part", buffering=0) as probe:
            probe.write(bytes(PROBE_BYTES))
    except OSError as error:
        reason = REASONS.get(error.errno or 0)
        why = f": {above} {reason}" if reason else f", because of {above} ({error.strerror})"
        raise InputError(f"{said}: nothing can be written there{why}") from None


def _check_length(path: str) -> None:
    longest = max((len(os.fsencode(name)) for name in path.split(os.sep)), default=0)
    if longest > LONGEST_NAME:
        raise InputError(f"{path}: has a name of {longest} bytes, but at most {LONGEST_NAME} are possible; shorten it")


def check_file(path: str | os.PathLike[str]) -> None:
    """Raise InputError unless a file can be written at the local or gs:// `path`, whose folder may have to be made."""
    path = os.fspath(path)
    if on_bucket(path):
        files.check_bucket(path)
        return
    check_folder(os.path.dirname(path) or ".", of=path)
    check_name(path)


def check_name(path: str | os.PathLike[str]) -> None:
    """Raise InputError where what is at the local `path` is no file, or where no file can have this name."""
    path = os.fspath(path)
    _check_length(path)
    try:
        mode = os.stat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        mode = stat.S_IFREG
    except OSError as error:
        raise InputError(f"{path}: cannot be the name of a file ({error.strerror}); give another") from None
    if path.endswith(os.sep) or stat.S_ISDIR(mode):
        raise InputError(f"{path}: is a folder, but a file has to be written there; name a file")
    if not stat.S_ISREG(mode):
        raise InputError(f"{path}: is no regular file, so that none can take its place; name another")


def check_files(**paths: str | None) -> None:
    """check_file for every argument that is given, as in check_files(json=path); the message names the argument."""
    for argument, path in paths.items():
        if path is not None:
            with naming(argument):
                check_file(path)


def check_report_folder(argument: str, folder: str) -> None:
    """Raise InputError, which names the argument, unless a report can be written to the local or gs:// `folder`."""
    if on_bucket(folder):
        files.check_bucket(folder)
        return
    with naming(argument):
        check_folder(folder)


@contextmanager
def naming(argument: str) -> Iterator[None]:
    """Put the argument to blame before the text of an InputError."""
    try:
        yield
    except InputError as error:
        raise InputError(f"`{argument}` {error}") from None


@contextmanager
def report_folder(folder: str, ours: re.Pattern[str]) -> Iterator[str]:
    """A local folder to fill with the files of a report, which then replaces the report in `folder`, local or gs://.

    Nothing in `folder` changes before the report is whole. Then the files of an earlier report are removed, which are
    those whose names match `ours`, so that two reports do not mix. Other files stay.
    """
    on_disk = not on_bucket(folder)
    if on_disk:
        os.makedirs(folder, exist_ok=True)
    # Inside `folder`: there its files can be renamed, and there they were allowed to be written.
    with tempfile.TemporaryDirectory(prefix=".srgan-", suffix=".part", dir=folder if on_disk else None) as filled:
        yield filled
        for path in files.paths_in(folder, ""):
            if ours.fullmatch(path.rpartition("/")[2]):
                files.remove(path)
        for name in sorted(os.listdir(filled)):
            files.move(os.path.join(filled, name), files.join(folder, name))
