"""Cuts a picture into tiles at other places at each step, so that what their borders do to gradients leaves no seam."""

import itertools
import math
from collections.abc import Iterator

import numpy as np

MARGIN = 32  # pixels around a tile that the network sees too
TILES = (256, 4096)  # pixels a side, at least and at most; parts of smaller ones could be too small for a network
Span = tuple[slice, slice]  # of a picture's side: what a tile covers, and what the network sees of it
Tile = tuple[tuple[slice, slice], tuple[slice, slice]]  # rows and columns of the same


def tiles(height: int, width: int, largest: int, rng: np.random.Generator) -> list[Tile]:
    """Tiles that cover a picture, each with what the network sees: at most `largest` pixels a side.

    A side that is not longer than `largest` is not cut, so that small pictures are seen whole. Otherwise the places of
    the cuts are drawn.
    """
    rows, columns = (list(_spans(side, largest, rng)) for side in (height, width))
    return [((y, x), (seen_y, seen_x)) for (y, seen_y), (x, seen_x) in itertools.product(rows, columns)]


def seen_pixels(height: int, width: int, largest: int) -> int:
    """Pixels that the network sees for a picture, those of the margins included."""
    return math.prod(count * seen for count, seen in (_parts(side, largest) for side in (height, width)))


def _parts(side: int, largest: int) -> tuple[int, int]:
    """Into how many parts a side is cut, and how many pixels of each the network sees."""
    if side <= largest:
        return 1, side
    count = math.ceil(side / (largest - 2 * MARGIN))
    return count, math.ceil(side / count) + 2 * MARGIN


def _spans(side: int, largest: int, rng: np.random.Generator) -> Iterator[Span]:
    """Parts of a side, whose cuts a draw moves by up to MARGIN pixels, each with MARGIN pixels around it, or more.

    The network sees as many pixels of each part: of every new size it would keep another program in memory.
    """
    if side <= largest:
        yield slice(0, side), slice(0, side)
        return
    count, seen = _parts(side, largest)
    part = side / count
    shift = rng.uniform(-MARGIN, MARGIN)
    cuts = [0, *(round(number * part + shift) for number in range(1, count)), side]
    for start, end in itertools.pairwise(cuts):
        first = min(max(0, start - MARGIN), side - seen)
        yield slice(start, end), slice(first, first + seen)
