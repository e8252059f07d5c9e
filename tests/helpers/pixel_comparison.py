"""Pictures compared level by level."""

import numpy as np


def assert_close(got, expected, tolerance=0):
    assert got.dtype == np.uint8
    assert got.shape == expected.shape
    assert np.abs(got.astype(int) - expected.astype(int)).max() <= tolerance
