"""Local and gs:// folders as wholes. TensorFlow is imported where a bucket is met."""

import os
import shutil

from pyimagesearch.system.files import is_folder, paths_in
from pyimagesearch.system.gcs import on_bucket


def make_folder(path: str) -> None:
    """Make a local or gs:// folder, if it is not there."""
    if not on_bucket(path):
        os.makedirs(path, exist_ok=True)
        return
    import tensorflow as tf

    tf.io.gfile.makedirs(path)


def remove_folder(path: str) -> None:
    """Remove a local or gs:// folder with all that is in it, if it is there."""
    if not is_folder(path):
        return
    if not on_bucket(path):
        shutil.rmtree(path)
        return
    import tensorflow as tf

    tf.io.gfile.rmtree(path)


def count_files(folder: str, suffix: str) -> int:
    """How many files of a local or gs:// folder have names that end in `suffix`."""
    if not on_bucket(folder):
        with os.scandir(folder) as entries:
            return sum(entry.name.endswith(suffix) for entry in entries)
    return len(paths_in(folder, suffix))
