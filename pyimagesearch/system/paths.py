"""Local and gs:// paths as objects of one kind: pathlib's, or epath's, which have the same methods for buckets."""

import errno
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import cast

from pyimagesearch.system import files
from pyimagesearch.system.gcs import is_failure, on_bucket

AnyPath = str | os.PathLike[str]


def path_of(path: AnyPath) -> Path:
    """The object of a path. pathlib itself would make gs:/BUCKET of gs://BUCKET."""
    text = os.fspath(path)
    if not on_bucket(text):
        return Path(text)
    from etils import epath

    return cast(Path, epath.Path(text))


def visible(folder: Path) -> tuple[list[Path], list[Path]]:
    """The files and the folders directly inside a folder, each by name, without hidden ones.

    Of a bucket it is one listing, with a request for each 1,000 names.
    """
    if on_bucket(os.fspath(folder)):
        import tensorflow as tf

        # An object called a//b has a folder without a name, which would be the root of this machine's disk.
        names = sorted(name for name in tf.io.gfile.listdir(os.fspath(folder)) if name[0] not in "./")
        inside = [name for name in names if name.endswith("/")]
        return [folder / name for name in names if not name.endswith("/")], [folder / name for name in inside]
    entries = sorted(entry for entry in folder.iterdir() if entry.name[0] != ".")
    folders = [entry for entry in entries if entry.is_dir()]
    return sorted(set(entries) - set(folders)), folders


def files_below(folder: Path) -> Iterator[Path]:
    """The files at any depth inside a folder, without hidden ones; none where it is not there."""
    if not files.is_folder(os.fspath(folder)):
        return
    inside, folders = visible(folder)
    yield from inside
    for inner in folders:
        yield from files_below(inner)


class LocalCopy(os.PathLike[str]):
    """The local copy of a file, opened by its own path; in messages it is called as the file that it is a copy of."""

    def __init__(self, local: str, original: Path):
        self._local, self._original = local, original

    def __fspath__(self) -> str:
        return self._local

    def __str__(self) -> str:
        return str(self._original)


@contextmanager
def fetched(path: AnyPath) -> Iterator[os.PathLike[str]]:
    """A file to be opened any number of times: itself, or, of a bucket, a local copy until the end.

    Raises FileNotFoundError for a missing object, and TensorFlow's errors where its bucket cannot be used.
    """
    original = path_of(path)
    if not on_bucket(os.fspath(path)):
        yield original
        return
    import tensorflow as tf

    with ExitStack() as stack:
        try:
            local = stack.enter_context(files.local_copy(os.fspath(path)))
        except tf.errors.NotFoundError as error:
            if is_failure(error):
                raise
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), os.fspath(path)) from None
        yield LocalCopy(local, original)
