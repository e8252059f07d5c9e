"""Pairs of pictures out of two folders: HR, and LR of the same pictures."""

import dataclasses
import logging
from collections.abc import Iterator

from pyimagesearch.data.lr_names import match_lr
from pyimagesearch.data.pairs import Pair, read_pair
from pyimagesearch.errors import InputError
from pyimagesearch.images import picture_io

logger = logging.getLogger(__name__)


def folder_pairs(hr: str, lr: str | None, scale: int, lr_name: str | None = None) -> Iterator[Pair]:
    """The pairs of a folder of HR pictures, read one at a time.

    hr: folder of HR pictures. lr: folder of their LR pictures, whose names `match_lr` understands; None makes LR by
    MATLAB-equivalent bicubic. scale: how many times larger HR is. Logs which files are no pictures. Raises InputError
    at once where a picture has no partner, and later where a picture cannot be read or a pair does not fit.
    """
    folder = picture_io.read_folder(hr)
    for phrase in folder.left_out:
        logger.info(f"{hr}: left out {phrase}")
    if lr is None:  # `map` goes on after a picture that cannot be read; a generator would end there
        return map(lambda path: read_pair(path, None, scale), folder.pictures)
    lr_paths, unmatched = match_lr(folder, picture_io.read_folder(lr), scale, lr_name)
    if unmatched:
        more = f" (nor for {len(unmatched) - 1} more)" if len(unmatched) > 1 else ""
        raise InputError(f"{hr}: no HR picture for {unmatched[0]}{more}; give folders of the same pictures")
    return map(lambda path: read_pair(path, lr_paths[path], scale), folder.pictures)


def scale_of_folders(hr: str, lr: str, lr_name: str | None = None) -> int:
    """How many times larger the first picture of the folder `hr` is than its LR picture: 2, 3, 4 or 8."""
    folder, lr_folder = picture_io.read_folder(hr), picture_io.read_folder(lr)
    path = folder.pictures[0]
    first = dataclasses.replace(folder, pictures=[path])
    problems = []
    for scale in (4, 2, 3, 8):
        try:
            lr_path = match_lr(first, lr_folder, scale, lr_name)[0][path]
        except InputError as error:
            problems.append(error)
            continue
        hr_shape, lr_shape = picture_io.read_rgb(path).shape, picture_io.read_rgb(lr_path).shape
        if all(abs(small * scale - big) < scale for big, small in zip(hr_shape[:2], lr_shape[:2], strict=True)):
            return scale
        problems.insert(
            0,
            InputError(
                f"{lr_path}: {lr_shape[1]}x{lr_shape[0]} pixels are not 1/2, 1/3, 1/4 or 1/8 of "
                f"{path.name}'s {hr_shape[1]}x{hr_shape[0]}"
            ),
        )
    raise problems[0]
