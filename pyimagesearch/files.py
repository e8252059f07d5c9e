"""Local and gs:// files: paths, writing whole or not at all, room on the disk."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import tensorflow as tf

from pyimagesearch import console
from pyimagesearch.errors import UserError


def join(folder: str, *parts: str) -> str:
    """A path inside a local or gs:// folder."""
    return "/".join([folder.rstrip("/"), *parts])


@contextmanager
def appearing(path: str) -> Iterator[str]:
    """A path to write to; what is written appears as `path` once it is whole, or not at all."""
    beside = f"{path}.part"
    try:
        yield beside
        tf.io.gfile.rename(beside, path, overwrite=True)
    finally:
        if tf.io.gfile.exists(beside):
            tf.io.gfile.remove(beside)


def write_whole(path: str, text: str) -> None:
    """Write a text file that appears only when it is whole."""
    with appearing(path) as beside, tf.io.gfile.GFile(beside, "w") as file:
        file.write(text)


def read_text(path: str) -> str:
    """The whole of a text file."""
    with tf.io.gfile.GFile(path, "r") as file:
        return file.read()


@contextmanager
def exclusive(folder: str) -> Iterator[None]:
    """Hold a local folder alone, until the end or the process's death; a bucket knows no locks."""
    if folder.startswith("gs://"):
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError(f"{folder}: another process is writing to this folder; wait for it") from None
        yield
    finally:
        os.close(handle)


def check_disk(output: str, needed: int, what: str) -> None:
    """Raise UserError unless `needed` bytes are free for `what` where the folder `output` is or will be."""
    if output.startswith("gs://"):
        return
    existing = os.path.abspath(output)
    while not os.path.exists(existing):
        existing = os.path.dirname(existing)
    free = shutil.disk_usage(existing).free
    if needed > free:
        raise UserError(
            f"--output {output}: {what} need about {console.size(needed)}, but only {console.size(free)} are free"
        )
