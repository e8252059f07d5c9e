"""Tiles cover a picture once, at other places at each step."""

import numpy as np
import pytest

from pyimagesearch.art.tiling import MARGIN, seen_pixels, tiles

LEAST_SEEN = 75  # pixels a side that the deepest layers of InceptionV3 need


@pytest.mark.parametrize(("height", "width"), [(257, 900), (300, 300), (1000, 100), (4000, 3000)])
@pytest.mark.parametrize("largest", [256, 512])
def test_every_pixel_is_in_one_tile_whose_network_sees_enough_around_it(height, width, largest):
    for seed in range(5):
        covered = np.zeros((height, width), np.uint8)
        sizes, looked_at = set(), 0
        for core, seen in tiles(height, width, largest, np.random.default_rng(seed)):
            covered[core] += 1
            sizes.add(tuple(outer.stop - outer.start for outer in seen))
            looked_at += covered[seen].size
            for inner, outer, side in zip(core, seen, (height, width), strict=True):
                assert 0 <= outer.start <= max(0, inner.start - MARGIN)
                assert min(side, inner.stop + MARGIN) <= outer.stop <= side
        assert (covered == 1).all()
        assert seen_pixels(height, width, largest) == looked_at
        ((seen_height, seen_width),) = sizes  # one size for all, of which programs are compiled
        assert min(height, LEAST_SEEN) <= seen_height <= largest
        assert min(width, LEAST_SEEN) <= seen_width <= largest


def test_a_picture_that_fits_is_seen_whole():
    ((core, seen),) = tiles(256, 100, 256, np.random.default_rng(0))
    assert core == seen == (slice(0, 256), slice(0, 100))


def test_cuts_move_by_as_much_as_the_network_sees_around_a_tile():
    rng = np.random.default_rng(0)
    cuts = {core[1].start for _ in range(2000) for core, _ in tiles(10, 600, 384, rng)}
    assert cuts == {0, *range(300 - MARGIN, 300 + MARGIN + 1)}


def test_the_same_seed_gives_the_same_places():
    draws = [tiles(700, 900, 256, np.random.default_rng(seed)) for seed in (1, 1, 2)]
    assert draws[0] == draws[1] != draws[2]
