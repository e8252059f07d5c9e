"""The sizes in which a picture is dreamt, and the way from one to the next without loss of detail."""

from collections.abc import Sequence

import numpy as np

from pyimagesearch.art.pictures import MOST
from pyimagesearch.images.resize import bands, resized_rows, source_rows, to_whole

Sides = tuple[int, int]  # height, width


def octave_sides(height: int, width: int, scale: float, powers: Sequence[float]) -> list[Sides]:
    """The size of each octave: the picture's times the scale to its power, at least one pixel."""
    return [(max(1, round(height * scale**power)), max(1, round(width * scale**power))) for power in powers]


def fitted(colours: np.ndarray, sides: Sides) -> np.ndarray:
    """The picture in the size of an octave: uint16 RGB (h, w, 3) of colours (H, W, 1 or 3), uint8 or uint16."""
    out = np.empty((*sides, 3), np.uint16)
    for rows in bands(*sides):
        out[rows] = to_whole(_rows16(colours, sides, rows), out.dtype)
    return out


def carried(dream: np.ndarray, colours: np.ndarray, sides: Sides) -> np.ndarray:
    """A dream, uint16 RGB (h, w, 3), in another size: what it changed is resized, and added to the picture.

    So whatever the picture loses by resizing comes back, and where nothing was dreamt it is the picture itself.
    """
    height, width, _ = dream.shape
    out = np.empty((*sides, 3), np.uint16)
    for rows in bands(*sides):
        part = source_rows(height, sides[0], rows)
        before = to_whole(_rows16(colours, (height, width), part), out.dtype)
        change = dream[part].astype(np.float32) - before
        kept = _rows16(colours, sides, rows)
        out[rows] = to_whole(kept + resized_rows(change, *sides, rows, length=height), out.dtype)
    return out


def _rows16(colours: np.ndarray, sides: Sides, rows: slice) -> np.ndarray:
    """Rows of the resized picture in float32, 0 to MOST; grey (rows, w, 1) broadcasts to RGB."""
    return resized_rows(colours, *sides, rows) * np.float32(MOST // np.iinfo(colours.dtype).max)
