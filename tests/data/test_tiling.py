"""pyimagesearch.data.tiling: tiles hold most of a picture's crops on little more disk."""

import math

import numpy as np
import pytest

from pyimagesearch.data.dataset.tiling import Tiling
from pyimagesearch.data.pairs import Pair
from pyimagesearch.images import resize

CROPS = [(96, 4), (32, 4), (192, 4), (96, 2), (48, 2), (96, 3), (96, 8), (16, 8)]
DIV2K = [(1356, 2040), (1424, 2016), (1152, 2040), (2040, 2040), (2040, 1360)]
SMALL = [(320, 480), (248, 248), (252, 248), (252, 2040), (256, 256), (300, 300), (336, 336), (448, 448), (96, 5000)]


def held(starts, tile, length, crop, scale):
    """For every LR position of a crop along a side: does one tile hold the whole crop?"""
    positions = np.arange((length - crop) // scale + 1) * scale
    offsets = np.array(starts)
    return ((offsets <= positions[:, None]) & (positions[:, None] + crop <= offsets + tile)).any(axis=1)


def coverage(tiling, height, width, scale):
    """The part of a picture's crop positions that some tile holds."""
    plan = tiling.plan(height, width, scale)
    rows = held(plan.tops, plan.height, height, tiling.crop, scale)
    columns = held(plan.lefts, plan.width, width, tiling.crop, scale)
    return np.outer(rows, columns).mean()  # a crop is in a tile if it is along both sides


def disk(tiling, height, width, scale):
    """Bytes of the tiles, LR and HR, over the bytes of the picture."""
    plan = tiling.plan(height, width, scale)
    tile = plan.height * plan.width * (1 + 1 / scale**2)
    return len(plan.tops) * len(plan.lefts) * tile / (height * width)


def check_promises(tiling, height, width, scale):
    assert coverage(tiling, height, width, scale) >= 0.75
    assert disk(tiling, height, width, scale) <= 2


@pytest.mark.parametrize(("crop", "scale"), CROPS)
@pytest.mark.parametrize("crops_a_side", [(1, 1), (2, 3), (4, 5), (7, 7), (15, 21), (60, 90)], ids=str)
def test_pictures_of_any_size_keep_three_quarters_of_their_crops_in_twice_their_bytes(crop, scale, crops_a_side):
    size = [crop // scale * scale * count + 3 * scale for count in crops_a_side]
    check_promises(Tiling.for_crop(crop, scale), *size, scale)


@pytest.mark.parametrize("size", DIV2K + SMALL, ids=str)
def test_known_sizes_keep_both_promises(size):
    check_promises(Tiling.for_crop(96, 4), *size, 4)


@pytest.mark.parametrize("size", [size for size in DIV2K if min(size) >= 500], ids=str)
def test_large_pictures_are_cut_along_both_sides(size):
    """The record is what is read for every crop: at most 200 kB."""
    plan = Tiling.for_crop(96, 4).plan(*size, 4)
    assert (plan.height, plan.width) == (248, 248)
    assert plan.height * plan.width * 3 * (1 + 1 / 16) < 198_000


@pytest.mark.parametrize(("crop", "scale"), CROPS)
@pytest.mark.parametrize("tiles_a_side", [1.01, 1.5, 2, 3.3, 10])
def test_tiles_begin_on_lr_pixels_and_end_flush_with_the_border(crop, scale, tiles_a_side):
    tiling = Tiling.for_crop(crop, scale)
    length = math.ceil(tiling.tile * tiles_a_side / scale) * scale
    plan = tiling.plan(length, length + 7 * scale, scale)
    for starts, tile, side in ((plan.tops, plan.height, length), (plan.lefts, plan.width, length + 7 * scale)):
        assert starts[0] == 0
        assert starts[-1] + tile == side
        assert all(start % scale == 0 for start in starts)
        assert all(0 < step <= tile for step in np.diff(starts))
    assert tiling.tile % scale == tiling.stride % scale == 0


def test_the_tutorials_crops_get_these_tiles():
    """Written down once: other tiles would make every existing dataset folder one of another recipe."""
    assert Tiling.for_crop(96, 4) == Tiling(tile=248, stride=180, crop=96)


@pytest.mark.parametrize(("size", "crop"), [((32, 36), 32), ((256, 256), 96), ((256, 256), 256)])
def test_a_picture_hardly_larger_than_a_crop_or_a_tile_is_stored_whole(noise, size, crop):
    hr = noise(*size)
    pair = Pair("a", resize.downscale(hr, 4), hr)
    (tile,) = Tiling.for_crop(crop, 4).cut(pair, 4)
    np.testing.assert_array_equal(tile.hr, pair.hr)
    np.testing.assert_array_equal(tile.lr, pair.lr)


@pytest.mark.parametrize("scale", [2, 3, 4, 8])
def test_an_lr_tile_is_the_lr_of_the_whole_picture_at_that_place(noise, scale):
    tiling = Tiling.for_crop(48, scale)
    hr = resize.crop_to_multiple(noise(2 * tiling.tile + 30, 2 * tiling.tile + 50), scale)
    lr = resize.downscale(hr, scale)
    tiles = list(tiling.cut(Pair("a", lr, hr), scale))
    assert len({tile.name for tile in tiles}) == len(tiles) >= 3
    covered = np.zeros(hr.shape[:2], bool)
    for tile in tiles:
        left, top = map(int, tile.name.partition("@")[2].split(","))
        height, width = tile.hr.shape[:2]
        np.testing.assert_array_equal(tile.hr, hr[top : top + height, left : left + width])
        rows = slice(top // scale, (top + height) // scale)
        np.testing.assert_array_equal(tile.lr, lr[rows, left // scale : (left + width) // scale])
        covered[top : top + height, left : left + width] = True
    assert covered.all()


@pytest.mark.parametrize("size", [(300, 500), (100, 500), (100, 120), (320, 320)])
def test_the_pixels_that_tiles_hold_are_known_beforehand(noise, size):
    tiling = Tiling.for_crop(96, 4)
    hr = noise(*size)
    tiles = tiling.cut(Pair("a", resize.downscale(hr, 4), hr), 4)
    assert tiling.plan(*size, 4).pixels == sum(tile.hr.shape[0] * tile.hr.shape[1] for tile in tiles)
