"""The pictures of `srgan export --int8`: parts of the user's photographs, some to calibrate on, the others to score."""

import dataclasses
import logging
from pathlib import Path

import numpy as np

from pyimagesearch.data.pairs import Pair, make_pair
from pyimagesearch.errors import InputError
from pyimagesearch.images import picture_io

logger = logging.getLogger(__name__)

FEWEST, MOST = 8, 36  # photographs that are used
HELD_OUT = 3  # one of so many is held out
LARGEST, SMALLEST = 80, 16  # LR pixels a side of the part in the middle of a photograph that is used


@dataclasses.dataclass(frozen=True)
class Pictures:
    """Pairs of HR and LR, made of the photographs of a folder."""

    folder: str
    calibration: list[Pair]
    held_out: list[Pair]


def read_pictures(folder: str, scale: int) -> Pictures:
    """Parts of at most MOST photographs, evenly spaced over the folder by name, LR by MATLAB-equivalent bicubic.

    Logs what cannot be read or is too small. Raises InputError where fewer than FEWEST are left.
    """
    paths = picture_io.read_folder(folder).pictures
    chosen = [paths[index] for index in np.unique(np.linspace(0, len(paths) - 1, MOST).round().astype(int))]
    pairs, left_out = [], []
    for path in chosen:
        try:
            pairs.append(_part(path, scale))
        except InputError as error:
            left_out.append(str(error))
    if len(pairs) < FEWEST:
        because = f" ({left_out[0]})" if left_out else ""
        raise InputError(
            f"`images` {folder}: {len(pairs)} of its pictures can be used{because}; give at least {FEWEST} photographs"
        )
    for line in left_out:
        logger.info(f"left out {line}")
    held_out = pairs[1::HELD_OUT]
    return Pictures(folder, [pair for pair in pairs if pair not in held_out], held_out)


def _part(path: Path, scale: int) -> Pair:
    hr = picture_io.read_rgb(path)
    height, width = hr.shape[:2]
    if min(height, width) < SMALLEST * scale:
        raise InputError(f"{path}: {width}x{height} pixels are too few; {SMALLEST * scale} a side are needed")
    top, left = (max(0, side - LARGEST * scale) // 2 for side in (height, width))
    return make_pair(path.name, hr[top : top + LARGEST * scale, left : left + LARGEST * scale], scale)
