"""pyimagesearch.data.crops: aligned crops, flipped and turned as NumPy would."""

import numpy as np
import pytest
import tensorflow as tf

from pyimagesearch.data.input.crops import cut_crops


def blocks(lr, scale):
    """The HR picture in which every LR pixel is a block: alignment can be read off any crop."""
    return lr.repeat(scale, axis=0).repeat(scale, axis=1)


def square_symmetries(picture):
    return [np.rot90(flipped, turns) for flipped in (picture, picture[:, ::-1]) for turns in range(4)]


def crops_of(pictures, draws, *, crop, scale, dtype=tf.int32, augment="dihedral"):
    """cut_crops of LR pictures and their block pictures, one draw each."""
    shapes = np.array([picture.shape[:2] for picture in pictures])
    pixels = [np.concatenate([side.reshape(-1, 3) for side in sides]) for sides in (
        pictures, [blocks(picture, scale) for picture in pictures])]  # fmt: skip
    starts = np.cumsum([0, *shapes.prod(axis=1)])[:-1]
    lr, hr = cut_crops(
        *map(tf.constant, pixels), tf.constant(starts, dtype), tf.constant(shapes, dtype),
        tf.constant(draws, tf.float32), crop=crop, scale=scale, augment=augment,
    )  # fmt: skip
    return lr.numpy(), hr.numpy()


def uniform(count, seed=0):
    return np.random.default_rng(seed).random((count, 3), np.float32)


@pytest.mark.parametrize("dtype", [tf.int32, tf.int64])
@pytest.mark.parametrize("scale", [2, 3, 4, 8])
def test_lr_and_hr_are_cut_and_turned_alike_out_of_pictures_of_many_sizes(noise, scale, dtype):
    pictures = [noise(*size, seed) for seed, size in enumerate([(9, 7), (5, 5), (6, 30), (12, 11)] * 10)]
    lr, hr = crops_of(pictures, uniform(40), crop=5 * scale, scale=scale, dtype=dtype)
    assert lr.dtype == hr.dtype == np.uint8
    assert lr.shape == (40, 5, 5, 3)
    for picture, small, large in zip(pictures, lr, hr, strict=True):
        np.testing.assert_array_equal(large, blocks(small, scale))
        height, width = picture.shape[:2]
        windows = [picture[y : y + 5, x : x + 5] for y in range(height - 4) for x in range(width - 4)]
        assert any(np.array_equal(small, turned) for window in windows for turned in square_symmetries(window))


def test_crops_are_uniform_over_all_positions_with_the_borders_and_over_the_eight_symmetries(noise):
    """5 x 4 positions of a crop of 4 LR pixels in 8 x 7, eight symmetries: 160 cases."""
    picture, count = noise(8, 7), 16_000
    lr, _ = crops_of([picture] * count, uniform(count), crop=16, scale=4)
    windows = [picture[y : y + 4, x : x + 4] for y in range(5) for x in range(4)]
    expected = {turned.tobytes(): case for case, turned in enumerate(
        turned for window in windows for turned in square_symmetries(window))}  # fmt: skip
    counts = np.bincount([expected[small.tobytes()] for small in lr], minlength=160)
    chi_square = np.sum((counts - count / 160) ** 2 / (count / 160))
    assert chi_square < 220, counts  # 159 degrees of freedom, 1 in 1000; the seed is fixed
    for totals in (counts.reshape(20, 8).sum(axis=0), counts.reshape(20, 8).sum(axis=1)):
        assert totals.min() > 0.85 * totals.mean()


def test_flip_leaves_every_other_crop_as_it_is_and_turns_none(noise):
    picture, count = noise(6, 9), 400
    lr, hr = crops_of([picture] * count, uniform(count), crop=8, scale=2, augment="flip")
    windows = [picture[y : y + 4, x : x + 4] for y in range(3) for x in range(6)]
    plain = sum(any(np.array_equal(small, window) for window in windows) for small in lr)
    flipped = sum(any(np.array_equal(small, window[:, ::-1]) for window in windows) for small in lr)
    assert plain + flipped == count
    assert 160 < plain < 240
    np.testing.assert_array_equal(hr[0], blocks(lr[0], 2))


def test_the_largest_draw_stays_inside(noise):
    """Below 1 in float32, but a large room times it would be rounded up."""
    picture = noise(3, 40_000)
    lr, _ = crops_of([picture], np.full((1, 3), np.nextafter(np.float32(1), np.float32(0))), crop=6, scale=2)
    assert any(np.array_equal(lr[0], turned) for turned in square_symmetries(picture[:, -3:]))


def test_a_picture_of_one_crop_is_cut_whole(noise):
    picture = noise(4, 4)
    lr, _ = crops_of([picture], np.zeros((1, 3)), crop=8, scale=2)
    np.testing.assert_array_equal(lr[0], picture)
