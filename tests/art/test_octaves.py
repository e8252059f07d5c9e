"""The sizes of a dream, and what goes from one to the next."""

import numpy as np
import pytest

from pyimagesearch.art import octaves
from pyimagesearch.art.pictures import rgb16
from pyimagesearch.images.resize import resize_bicubic


def test_sizes_are_the_pictures_times_the_scale_to_its_powers():
    found = octaves.octave_sides(300, 400, 1.3, (-2, -1, 0, 1, 2))
    assert found == [(178, 237), (231, 308), (300, 400), (390, 520), (507, 676)]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 3])
def test_an_octave_is_the_picture_resized(dtype, channels):
    picture = np.random.default_rng(0).integers(0, np.iinfo(dtype).max + 1, (60, 70, channels)).astype(dtype)
    found = octaves.fitted(picture, (78, 91))
    expected = resize_bicubic(rgb16(picture), 78, 91)
    assert found.dtype == np.uint16
    assert found.shape == (78, 91, 3)
    np.testing.assert_allclose(found.astype(int), expected, atol=1)


def test_detail_that_resizing_loses_comes_back(noise):
    picture = noise(60, 70)
    small = octaves.fitted(picture, (20, 23))
    back = octaves.carried(small, picture, (60, 70))
    np.testing.assert_array_equal(back, rgb16(picture))  # nothing was dreamt: it is the picture, to the bit


def test_what_was_dreamt_is_carried_on():
    grey = np.full((60, 70, 3), 100, np.uint8)
    dream = octaves.fitted(grey, (30, 35))
    dream[:, :, 0] += 5000
    found = octaves.carried(dream, grey, (60, 70)).astype(int)
    np.testing.assert_allclose(found - 100 * 257, np.broadcast_to([5000, 0, 0], found.shape), atol=1)
