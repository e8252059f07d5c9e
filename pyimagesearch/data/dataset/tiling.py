"""How pictures are cut into overlapping tiles, so that a crop needs a tile and not a whole photograph."""

import functools
import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass

from pyimagesearch.data.pairs import Pair

COVERAGE = 0.75  # part of a picture's crop positions that its tiles hold
DISK = 2.0  # bytes of its tiles, LR and HR, over the bytes of the HR picture, at most
LARGEST = 256  # crops along a side of the largest picture for which one tile size has to keep both promises


@dataclass(frozen=True)
class TilePlan:
    """Where one picture is cut, in HR pixels: tiles of `height` x `width` at every top and left."""

    tops: tuple[int, ...]
    lefts: tuple[int, ...]
    height: int
    width: int

    @property
    def pixels(self) -> int:
        """HR pixels that the tiles hold together."""
        return len(self.tops) * len(self.lefts) * self.height * self.width


@dataclass(frozen=True)
class Tiling:
    """The side of a tile and the distance between two of a large picture, in HR pixels, for crops of `crop`."""

    tile: int
    stride: int
    crop: int

    @classmethod
    def for_crop(cls, crop: int, scale: int) -> "Tiling":
        """The smallest tiles that hold COVERAGE of a large picture's crops on DISK times its bytes.

        Along a side of length l, tiles of t at a stride of s take t/s of the pixels and hold (t - crop + 1)/s of the
        l - crop + 1 positions, all counted in LR pixels since crops start on them.
        """
        lr_crop = crop // scale
        positions = 1 - (lr_crop - 1) / (LARGEST * lr_crop)  # over the length of a side
        for tile in itertools.count(lr_crop):
            positions_held = tile - lr_crop + 1
            if COVERAGE * (positions * tile / positions_held) ** 2 * (1 + 1 / scale**2) <= DISK:
                return cls(tile * scale, math.floor(positions_held / math.sqrt(COVERAGE)) * scale, crop)
        raise AssertionError("itertools.count does not end")

    def plan(self, height: int, width: int, scale: int) -> TilePlan:
        """The cut of a picture: the smallest records that keep COVERAGE and DISK.

        Where tiles of a rather small picture would overlap too much, it is cut along one side alone, or not at all.
        """
        return _plan(self, height, width, scale)

    def cut(self, pair: Pair, scale: int) -> Iterator[Pair]:
        """The tiles of a pair. LR tiles are cut from the whole LR picture, never made from HR tiles."""
        plan = self.plan(pair.hr.shape[0], pair.hr.shape[1], scale)
        for top, left in itertools.product(plan.tops, plan.lefts):
            bottom, right = top + plan.height, left + plan.width
            lr = pair.lr[top // scale : bottom // scale, left // scale : right // scale]
            yield Pair(f"{pair.name}@{left},{top}", lr, pair.hr[top:bottom, left:right])


@functools.lru_cache(maxsize=4096)  # pictures of a camera are of one size
def _plan(tiling: Tiling, height: int, width: int, scale: int) -> TilePlan:
    sides = itertools.product({min(tiling.tile, height), height}, {min(tiling.tile, width), width})
    plans = [_cheapest(tiling, (height, width), tile, scale) for tile in sides]
    # Not cutting costs 1 + 1/scale^2, so that one is always left.
    allowed = [plan for plan in plans if plan.pixels * (1 + 1 / scale**2) <= DISK * height * width]
    return min(allowed, key=lambda plan: (plan.height * plan.width, plan.pixels))


def _cheapest(tiling: Tiling, size: tuple[int, int], tile: tuple[int, int], scale: int) -> TilePlan:
    """The fewest tiles of one size that hold COVERAGE of a picture's crops."""
    positions, per_tile = [
        tuple((side - tiling.crop) // scale + 1 for side in sides) for sides in (size, tile)
    ]  # along each side
    most = [math.ceil(p / h) for p, h in zip(positions, per_tile, strict=True)]
    least = [1 if t == s else 2 for t, s in zip(tile, size, strict=True)]  # one at each border
    counts = (
        (rows, columns)
        for rows in range(least[0], max(most[0], least[0]) + 1)
        for columns in range(least[1], max(most[1], least[1]) + 1)
        if min(1, rows * per_tile[0] / positions[0]) * min(1, columns * per_tile[1] / positions[1]) >= COVERAGE
    )
    rows, columns = min(counts, key=lambda count: (count[0] * count[1], count))
    return TilePlan(_spread(size[0], tile[0], rows, scale), _spread(size[1], tile[1], columns, scale), *tile)


def _spread(length: int, tile: int, count: int, scale: int) -> tuple[int, ...]:
    """Where `count` tiles begin along a side: evenly, the last one flush with the border, on LR pixels."""
    step = (length - tile) / max(count - 1, 1)
    return tuple(round(index * step / scale) * scale for index in range(count))
