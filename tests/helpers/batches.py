"""Batches of the loader, for its tests, and pictures in which a batch shows where it comes from."""

import numpy as np

from pyimagesearch.data.input.loader import training_batches


def blocks(lr, scale):
    """The HR picture in which every LR pixel is a block: alignment can be read off any crop."""
    return lr.repeat(scale, axis=0).repeat(scale, axis=1)


def nearest(hr, scale):
    return hr[::scale, ::scale]


def constant_pictures(count):
    """HR pictures of exactly one crop, each of one colour that numbers it."""
    return [np.full((16, 16, 3), number, np.uint8) for number in range(count)]


def take(folder, manifest, count, **options):
    batches = training_batches(folder, manifest, **{"crop": 32, "batch": 4, "seed": 7, **options})
    return [(lr.numpy(), hr.numpy()) for lr, hr in batches.take(count)]


def numbers(folder, manifest, count, **options):
    """The record numbers of the first `count` batches."""
    return [hr[:, 0, 0, 0].tolist() for _, hr in take(folder, manifest, count, crop=16, **options)]


def assert_equal_batches(got, expected):
    assert len(got) == len(expected)
    for one, other in zip(got, expected, strict=True):
        np.testing.assert_array_equal(one[0], other[0])
        np.testing.assert_array_equal(one[1], other[1])
