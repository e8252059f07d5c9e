"""Local and gs:// files: paths, writing whole or not at all, room on the disk.

TensorFlow is imported where a bucket is met, so that what draws and measures local files does without it.
"""

import contextlib
import errno
import hashlib
import os
import re
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from pyimagesearch.errors import InputError
from pyimagesearch.system import console
from pyimagesearch.system.gcs import is_failure, on_bucket

TEMPORARY = re.compile(r"\.srgan-[0-9a-f]{32}\.part")  # the names of files that are being written


def sha256_of(path: str | os.PathLike[str]) -> str:
    """The SHA-256 of a local file, in hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def join(folder: str, *parts: str) -> str:
    """A path inside a local or gs:// folder."""
    return "/".join([folder.rstrip("/"), *parts])


@contextmanager
def appearing(path: str | os.PathLike[str], *, durable: bool = False) -> Iterator[str]:
    """A local path to write to; what is written appears as `path`, local or gs://, once it is whole, or not at all.

    Folders that it needs are made. A local file is written beside `path` under a random name, which is created for it:
    no file and no link that was there before is touched, and of several writers of one `path` the last one wins.
    durable: whether the file survives a loss of power once this has returned; for files that vouch for others.

    On a bucket it is one upload: written there directly, TensorFlow would upload what there is of it at an error too,
    and a rename would copy it all.
    """
    path = os.fspath(path)
    if on_bucket(path):
        with tempfile.TemporaryDirectory() as folder:
            beside = os.path.join(folder, os.path.basename(path))
            yield beside
            _copy(beside, path)
        return
    folder = os.path.dirname(path) or "."
    os.makedirs(folder, exist_ok=True)
    beside = _temporary_name(folder)
    try:
        os.close(os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))  # less what the umask takes
        yield beside
        if durable:
            sync(beside)
        os.replace(beside, path)
        if durable:
            sync(folder)
    except OSError as error:
        raise _about(error, beside, path) from None
    finally:
        with contextlib.suppress(OSError):
            os.remove(beside)


@contextmanager
def appearing_folder(path: str) -> Iterator[str]:
    """A local folder to fill; it takes the place of `path` once it is whole, or not at all.

    It is filled beside `path` under a random name. Of several writers of one `path` the last one wins.
    """
    path = path.rstrip("/")
    parent = os.path.dirname(path) or "."
    os.makedirs(parent, exist_ok=True)
    beside = _temporary_name(parent)
    try:
        os.mkdir(beside)
        yield beside
        _replace_folder(beside, path)
    except OSError as error:
        raise _about(error, beside, path) from None
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _replace_folder(beside: str, path: str) -> None:
    """Rename the folder `beside` to `path`. A folder cannot be replaced in one step, so that another writer of `path`
    may come between the two; then both steps are taken again."""
    while True:
        before = _temporary_name(os.path.dirname(path) or ".")
        with contextlib.suppress(FileNotFoundError):
            os.rename(path, before)
        try:
            os.rename(beside, path)
            return
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                if os.path.lexists(before):
                    os.rename(before, path)
                raise
        finally:
            shutil.rmtree(before, ignore_errors=True)


def _about(error: OSError, beside: str, path: str) -> OSError:
    """The error of writing `path` without the name of the temporary file `beside` it, which says nothing to users."""
    if error.errno is None or not str(error.filename or beside).startswith(beside):
        return error
    return type(error)(error.errno, error.strerror, path)


def _temporary_name(folder: str) -> str:
    return os.path.join(folder, f".srgan-{secrets.token_hex(16)}.part")


def remove_temporary(folder: str) -> None:
    """Remove the files that killed processes of this program left in a local folder. The caller has to hold it."""
    if on_bucket(folder) or not os.path.isdir(folder):
        return
    for entry in os.scandir(folder):
        if TEMPORARY.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
            os.remove(entry.path)


def remove(path: str) -> None:
    """Remove a local or gs:// file."""
    if not on_bucket(path):
        os.remove(path)
        return
    import tensorflow as tf

    tf.io.gfile.remove(path)


def move(local: str, path: str) -> None:
    """Move a local file to a path on the same disk, or upload it to a gs:// path."""
    if on_bucket(path):
        _copy(local, path)
    else:
        os.replace(local, path)


def sync(path: str) -> None:
    """Have a local file's content, or a local folder's names, on the disk when this returns. Buckets do it anyway."""
    if on_bucket(path):
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


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


def write_whole(path: str | os.PathLike[str], text: str, *, durable: bool = False) -> None:
    """Write a text file as `appearing` does. Names of files may hold bytes that are no UTF-8."""
    with (
        appearing(path, durable=durable) as beside,
        open(beside, "w", encoding="utf-8", errors="backslashreplace") as file,
    ):
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
