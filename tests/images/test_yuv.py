"""Between Y'CbCr and RGB: against the equations of the standards in float64, their published bars, and Pillow."""

import numpy as np
import pytest
from PIL import Image

from pyimagesearch.images.yuv import Coding, from_rgb, to_rgb

KR_KB = {"bt601": (6, 0.299, 0.114), "bt709": (1, 0.2126, 0.0722), "bt2020": (9, 0.2627, 0.0593)}
# Red, green and blue at full strength, in the 8 bits of the studio range, as published for colour bars.
BARS = {
    "bt601": [(81, 90, 240), (145, 54, 34), (41, 240, 110)],
    "bt709": [(63, 102, 240), (173, 42, 26), (32, 240, 118)],
}


def reference_rgb(y, cb, cr, kr, kb, *, full, bits):
    """ITU-R BT.601 and BT.709, inverted by hand, to [0, 1]."""
    step = 2 ** (bits - 8)
    if full:
        luma, blue, red = y / (2**bits - 1), (cb - 128 * step) / (2**bits - 1), (cr - 128 * step) / (2**bits - 1)
    else:
        luma, blue, red = (y / step - 16) / 219, (cb / step - 128) / 224, (cr / step - 128) / 224
    r = luma + 2 * (1 - kr) * red
    b = luma + 2 * (1 - kb) * blue
    g = (luma - kr * r - kb * b) / (1 - kr - kb)
    return np.clip(np.stack([r, g, b], axis=-1), 0, 1)


def noise_planes(bits, seed=0, size=(67, 48)):
    rng = np.random.default_rng(seed)
    return tuple(rng.integers(0, 2**bits, size).astype(np.uint8 if bits == 8 else np.uint16) for _ in range(3))


@pytest.mark.parametrize("bits", [8, 10, 12])
@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("standard", KR_KB)
def test_every_colour_becomes_the_rgb_of_the_standard(standard, full, bits):
    matrix, kr, kb = KR_KB[standard]
    planes = noise_planes(bits)
    expected = reference_rgb(*(plane.astype(float) for plane in planes), kr, kb, full=full, bits=bits)
    found = to_rgb(planes, Coding(matrix, full, bits, across=1, down=1))
    most = np.iinfo(found.dtype).max
    assert np.abs(found - expected * most).max() <= 0.51 + most / 65536


@pytest.mark.parametrize("bits", [8, 10, 12])
@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("standard", KR_KB)
def test_every_rgb_comes_back(standard, full, bits):
    matrix, kr, kb = KR_KB[standard]
    kind = np.uint8 if bits == 8 else np.uint16
    rgb = np.random.default_rng(1).integers(0, np.iinfo(kind).max, (67, 48, 3), endpoint=True).astype(kind)
    planes = from_rgb(rgb, Coding(matrix, full, bits, across=1, down=1))
    back = reference_rgb(*(plane.astype(float) for plane in planes), kr, kb, full=full, bits=bits)
    # A level of luma and chroma is up to two of RGB, and more in the studio range.
    assert np.abs(back - rgb / np.iinfo(kind).max).max() < 1.8 / (2**bits - 1)


@pytest.mark.parametrize("standard", BARS)
def test_colour_bars_have_their_published_values(standard):
    bars = np.array([[(255, 0, 0), (0, 255, 0), (0, 0, 255)]], np.uint8)
    planes = from_rgb(bars, Coding(KR_KB[standard][0], full=False, across=1, down=1))
    assert [tuple(int(plane[0, n]) for plane in planes) for n in range(3)] == BARS[standard]


def test_full_range_bt601_is_that_of_jpeg():
    rgb = np.random.default_rng(2).integers(0, 256, (64, 65, 3), np.uint8)
    expected = np.asarray(Image.fromarray(rgb).convert("YCbCr"))
    for plane, reference in zip(from_rgb(rgb, Coding(6, True, 8, 1, 1)), np.moveaxis(expected, 2, 0), strict=True):
        assert np.abs(plane.astype(int) - reference).max() <= 1


@pytest.mark.parametrize(
    ("centred", "expected"), [(False, [100, 120, 140, 140]), (True, [100, 110, 130, 140])], ids=["mpeg", "jpeg"]
)
def test_chroma_lies_where_its_standard_says(centred, expected):
    """In full range with grey's other chroma, blue - luma is 1.772 * (Cb - 128): its columns show the interpolation."""
    luma = np.full((1, 4), 128, np.uint8)
    planes = (luma, np.array([[100, 140]], np.uint8), np.full((1, 2), 128, np.uint8))
    rgb = to_rgb(planes, Coding(6, True, 8, across=2, down=1, centred=centred))
    np.testing.assert_allclose(rgb[0, :, 2], 128 + 1.772 * (np.array(expected) - 128), atol=0.6)


def test_small_chroma_is_the_weighted_mean_around_its_place():
    blue = np.array([[0, 40, 200, 80, 120], [40, 80, 120, 160, 240], [80, 0, 0, 0, 200]], np.uint8)
    rgb = np.zeros((3, 5, 3), np.uint8)
    rgb[:, :, 2] = blue
    cb = from_rgb(rgb, Coding(6, True, 8, 2, 2))[1].astype(float) - 128
    # By hand: pairs of rows (the last alone), then 1, 2, 1 around columns 0, 2 and 4, whose borders repeat.
    rows = np.array([blue[:2].mean(axis=0), blue[2]])
    columns = [(3 * rows[:, 0] + rows[:, 1]) / 4, (rows[:, 1] + 2 * rows[:, 2] + rows[:, 3]) / 4]
    columns.append((rows[:, 3] + 3 * rows[:, 4]) / 4)
    np.testing.assert_allclose(cb, np.stack(columns, axis=1) * 0.5, atol=0.51)


@pytest.mark.parametrize(("across", "down"), [(1, 1), (2, 1), (2, 2)])
@pytest.mark.parametrize("size", [(1, 1), (2, 1), (5, 7), (65, 3), (129, 64)])
def test_flat_colours_stay_at_any_size(across, down, size):
    coding = Coding(1, False, 8, across, down)
    rgb = np.broadcast_to(np.array([200, 90, 30], np.uint8), (*size, 3))
    planes = from_rgb(rgb, coding)
    assert planes[1].shape == (-(-size[0] // down), -(-size[1] // across))
    assert np.abs(to_rgb(planes, coding).astype(int) - rgb).max() <= 2
