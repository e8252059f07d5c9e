"""Dataset folders for the tests of their writer: made with crops of 32 at scale 4, and the files that they hold."""

import copy

from pyimagesearch.data.dataset.writer import write_dataset


def files(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def write(source, folder, *, scale=4, crop=32, **options):
    """Write the records of `source` as one of this scale and crop."""
    source = copy.copy(source)
    source.scale, source.crop = scale, crop
    return write_dataset(source, str(folder), **options)
