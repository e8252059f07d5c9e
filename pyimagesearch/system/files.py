"""Local and gs:// files: paths, writing whole or not at all, room on the disk.

TensorFlow is imported where a bucket is met, so that what draws and measures local files does without it.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from pyimagesearch.errors import InputError
from pyimagesearch.system import console
from pyimagesearch.system.gcs import is_failure, on_bucket


def join(folder: str, *parts: str) -> str:
    """A path inside a local or gs:// folder."""
    return "/".join([folder.rstrip("/"), *parts])


@contextmanager
def appearing(path: str | os.PathLike[str]) -> Iterator[str]:
    """A local path to write to; what is written appears as `path`, local or gs://, once it is whole, or not at all.

    Folders that it needs are made. On a bucket it is one upload: written there directly, TensorFlow would upload what
    there is of it at an error too, and a rename would copy it all.
    """
    path = os.fspath(path)
    if on_bucket(path):
        with tempfile.TemporaryDirectory() as folder:
            beside = os.path.join(folder, os.path.basename(path))
            yield beside
            _copy(beside, path)
        return
    beside = f"{path}.part"
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    try:
        yield beside
        os.replace(beside, path)
    finally:
        if os.path.exists(beside):
            os.remove(beside)


@contextmanager
def appearing_folder(path: str) -> Iterator[str]:
    """A local folder to fill; it takes the place of `path` once it is whole, or not at all."""
    path = path.rstrip("/")
    beside, before = f"{path}.part", f"{path}.before"
    shutil.rmtree(beside, ignore_errors=True)
    os.makedirs(beside)
    try:
        yield beside
        if os.path.exists(path):  # a folder cannot be replaced in one step
            shutil.rmtree(before, ignore_errors=True)
            os.rename(path, before)
        os.rename(beside, path)
        shutil.rmtree(before, ignore_errors=True)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


@contextmanager
def local_copy(path: str) -> Iterator[str]:
    """A local path of a file, for what cannot read a bucket: the file itself, or a copy until the end."""
    if not on_bucket(path):
        yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        local = os.path.join(folder, os.path.basename(path))
        _copy(path, local)
        yield local


def _copy(source: str, target: str) -> None:
    import tensorflow as tf

    tf.io.gfile.copy(source, target, overwrite=True)


def write_whole(path: str | os.PathLike[str], text: str) -> None:
    """Write a text file that appears only when it is whole. Names of files may hold bytes that are no UTF-8."""
    with appearing(path) as beside, open(beside, "w", encoding="utf-8", errors="backslashreplace") as file:
        file.write(text)


def read_text(path: str) -> str:
    """The whole of a text file; what is no UTF-8 in it is for its parser to refuse."""
    with local_copy(path) as local, open(local, encoding="utf-8", errors="replace") as file:
        return file.read()


def exists(path: str) -> bool:
    """Whether a file or folder is there."""
    if not on_bucket(path):
        return os.path.exists(path)
    import tensorflow as tf

    return tf.io.gfile.exists(path)


def is_folder(path: str) -> bool:
    """Whether a folder is there. Raises where its bucket cannot be used; tf.io.gfile.isdir says no even then."""
    if not on_bucket(path):
        return os.path.isdir(path)
    import tensorflow as tf

    try:
        return tf.io.gfile.stat(path).is_directory
    except tf.errors.NotFoundError as error:
        if is_failure(error):
            raise
        return False


def paths_in(folder: str, suffix: str) -> list[str]:
    """The files in a folder whose names end in `suffix`; none where it is not there.

    Listed, since a search by pattern takes the brackets in a folder's own name for a pattern too.
    """
    if not is_folder(folder):
        return []
    import tensorflow as tf

    return [join(folder, name) for name in tf.io.gfile.listdir(folder) if name.endswith(suffix)]


def check_bucket(path: str) -> None:
    """Raise what its bucket answers, where `path` is on one that cannot be used. It comes before all that makes folders
    there: TensorFlow searches for ever for the parent of a folder whose bucket does not exist."""
    if on_bucket(path):
        is_folder(path)


@contextmanager
def exclusive(folder: str) -> Iterator[None]:
    """Hold a local folder alone, until the end or the process's death; a bucket knows no locks."""
    if on_bucket(folder):
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError(f"{folder}: another process is writing to this folder; wait for it") from None
        yield
    finally:
        os.close(handle)


def check_disk(output: str, needed: int, what: str) -> None:
    """Raise InputError unless `needed` bytes are free for `what` where the folder `output` is or will be."""
    if on_bucket(output):
        return
    existing = os.path.abspath(output)
    while not os.path.exists(existing):
        existing = os.path.dirname(existing)
    free = shutil.disk_usage(existing).free
    if needed > free:
        raise InputError(
            f"`output` {output}: {what} need about {console.size(needed)}, but only {console.size(free)} are free"
        )
