"""Pictures in a row: what did not change is not computed again, and comes out the same."""

import numpy as np
import pytest

from pyimagesearch.inference.reuse import BLOCK, ReusingUpscaler, changed_areas
from pyimagesearch.inference.upscaler import load_upscaler


@pytest.fixture(scope="module")
def upscaler(save_generator):
    return load_upscaler(str(save_generator("light", 4)[0]))


def moved(picture, *place):
    """The picture with a small square of other colours."""
    changed = picture.copy()
    top, left = place
    changed[top : top + 4, left : left + 6] ^= 255
    return changed


@pytest.mark.parametrize("place", [(0, 0), (100, 130), (196, 254), (31, 31)])
@pytest.mark.parametrize(("channels", "kind"), [(3, np.uint8), (4, np.uint8), (3, np.uint16)])
def test_results_are_those_of_the_upscaler_and_unchanged_where_nothing_changed(upscaler, place, channels, kind):
    rng = np.random.default_rng(0)
    first = rng.integers(1, np.iinfo(kind).max, (200, 260, channels)).astype(kind)
    second = moved(first, *place)
    reusing = ReusingUpscaler(upscaler)
    before, after = reusing(first), reusing(second)
    level = 1 if kind == np.uint8 else 257
    assert np.abs(after.astype(int) - upscaler(second)).max() <= level
    assert 200 * 260 < reusing.computed < 2 * 200 * 260
    far = np.ones((200, 260), bool)
    reach = upscaler.context + BLOCK
    far[max(0, place[0] - reach) : place[0] + 4 + reach, max(0, place[1] - reach) : place[1] + 6 + reach] = False
    assert far.any()
    sr_far = far.repeat(4, axis=0).repeat(4, axis=1)
    np.testing.assert_array_equal(after[sr_far], before[sr_far])


def test_a_still_picture_is_computed_once(upscaler, noise):
    reusing = ReusingUpscaler(upscaler)
    pictures = [reusing(noise(40, 60)) for _ in range(5)]
    assert reusing.computed == 40 * 60
    assert all(np.array_equal(picture, pictures[0]) for picture in pictures)


def test_a_result_that_the_caller_changes_spoils_no_other(upscaler, noise):
    reusing = ReusingUpscaler(upscaler)
    first = reusing(noise(40, 60))
    expected = first.copy()
    first[:] = 0
    np.testing.assert_array_equal(reusing(noise(40, 60)), expected)


def test_what_changes_everywhere_or_in_size_is_computed_whole(upscaler, noise):
    reusing = ReusingUpscaler(upscaler)
    for number, size in enumerate([(60, 80), (60, 80), (50, 80)]):
        picture = noise(*size, number)
        np.testing.assert_array_equal(reusing(picture), upscaler(picture))


def test_results_depend_on_the_pictures_since_the_restart_alone(upscaler, noise):
    first, second = noise(200, 260), moved(noise(200, 260), 90, 90)
    whole = ReusingUpscaler(upscaler)
    for picture in (noise(200, 260, 5), first):
        whole(picture)
    whole.restart()
    np.testing.assert_array_equal(whole(second), ReusingUpscaler(upscaler)(second))


@pytest.mark.parametrize("seed", range(5))
def test_areas_cover_every_changed_pixel_with_its_context_once(seed):
    rng = np.random.default_rng(seed)
    differs = rng.random((150, 210)) < 0.0004
    areas = changed_areas(differs, 24)
    covered = np.zeros(differs.shape, int)
    for top, left, bottom, right in areas:
        assert top < bottom <= 150
        assert left < right <= 210
        covered[top:bottom, left:right] += 1
    for y, x in zip(*np.nonzero(differs), strict=True):
        assert covered[max(0, y - 24) : y + 25, max(0, x - 24) : x + 25].all()
    assert covered.max() <= 1
    assert changed_areas(np.zeros((150, 210), bool), 24) == []
