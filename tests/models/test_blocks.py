"""pyimagesearch.models.blocks: the layers of our own, against loops and the bicubic of the scores."""

import keras
import numpy as np
import pytest
from helpers.small_networks import pictures

from pyimagesearch.config_groups import SCALES
from pyimagesearch.images import resize
from pyimagesearch.models.blocks import BicubicUpsample, MirrorPad, NearestUpsample, PixelShuffle, SpectralConv2D


@pytest.mark.parametrize("factor", [2, 3, 4])
def test_pixel_shuffle_equals_a_loop(factor):
    x = np.random.default_rng(0).normal(size=(2, 3, 5, factor * factor * 2)).astype("float32")
    expected = np.empty((2, 3 * factor, 5 * factor, 2), "float32")
    for dy in range(factor):
        for dx in range(factor):
            channels = slice((dy * factor + dx) * 2, (dy * factor + dx) * 2 + 2)
            expected[:, dy::factor, dx::factor] = x[..., channels]
    np.testing.assert_array_equal(PixelShuffle(factor)(x), expected)


@pytest.mark.parametrize("factor", [2, 3, 4])
def test_nearest_upsample_repeats_rows_and_columns(factor):
    x = pictures(2, 5, 7)
    np.testing.assert_array_equal(NearestUpsample(factor)(x), x.repeat(factor, axis=1).repeat(factor, axis=2))


@pytest.mark.parametrize("border", [1, 2, 6])
@pytest.mark.parametrize("size", [(6, 9), (8, 6)])
def test_mirror_pad_repeats_the_outermost_pixels_and_goes_inwards(border, size):
    x = pictures(2, *size)
    expected = np.pad(x, [(0, 0), (border, border), (border, border), (0, 0)], mode="symmetric")
    np.testing.assert_array_equal(MirrorPad(border)(x), expected)
    assert MirrorPad(border).compute_output_shape(x.shape) == expected.shape


def _keys(x: float) -> float:
    x = abs(x)
    if x <= 1:
        return 1.5 * x**3 - 2.5 * x**2 + 1
    return -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2 if x < 2 else 0.0


def _bicubic_matrix(length: int, scale: int) -> np.ndarray:
    """(scale*length, length): each output sample as a mix of input samples; outside, the picture is mirrored."""
    matrix = np.zeros((scale * length, length))
    for out in range(scale * length):
        centre = (out + 0.5) / scale - 0.5
        for tap in range(int(np.floor(centre)) - 1, int(np.floor(centre)) + 3):
            inside = -1 - tap if tap < 0 else 2 * length - 1 - tap if tap >= length else tap
            matrix[out, inside] += _keys(centre - tap)
    return matrix


@pytest.mark.parametrize("size", [(2, 2), (17, 23)])
@pytest.mark.parametrize("scale", SCALES)
def test_bicubic_upsample_is_the_bicubic_of_the_scores_up_to_the_borders(scale, size, noise):
    lr = noise(*size)
    found = BicubicUpsample(scale)(lr[None].astype("float32")).numpy()[0]
    rows, columns = (_bicubic_matrix(side, scale) for side in size)
    np.testing.assert_allclose(found, np.einsum("yh,xw,hwc->yxc", rows, columns, lr.astype(float)), atol=2e-3)
    # resize.upscale_bicubic rounds the same numbers.
    reference = resize.upscale_bicubic(lr, scale).astype(float)
    assert np.abs(np.clip(found, 0, 255) - reference).max() <= 0.5 + 2e-3


def test_a_spectral_convolutions_kernel_has_a_largest_singular_value_of_one():
    layer, x = SpectralConv2D(6, 3, padding="same", use_bias=False), pictures(1, 8, 8)
    for _ in range(60):  # power iterations
        layer(x, training=True)
    kernel = layer.kernel.numpy()
    largest = np.linalg.svd(kernel.reshape(-1, 6), compute_uv=False)[0]
    plain = keras.ops.conv(x, kernel / largest, padding="same", data_format="channels_last")
    np.testing.assert_allclose(layer(x), plain, rtol=1e-4, atol=1e-3)
    np.testing.assert_array_equal(layer.kernel, kernel)


def test_a_spectral_convolution_iterates_in_training_alone():
    layer, x = SpectralConv2D(6, 3), pictures(1, 8, 8)
    layer(x)
    before = layer.singular_vector.numpy()
    layer(x, training=False)
    np.testing.assert_array_equal(layer.singular_vector, before)
    layer(x, training=True)
    assert (layer.singular_vector.numpy() != before).any()
