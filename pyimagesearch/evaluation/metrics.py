"""PSNR and SSIM as the super-resolution papers measure them: the formulas. scores.py says which are printed.

Keras operations only.
"""

import numpy as np
from keras import ops

from pyimagesearch.images.color import luma
from pyimagesearch.images.resize import shrink_weights

STRIP = 512  # rows of SSIM's windows that are computed at once: a dozen pictures of them are in memory


def psnr(a, b):
    """Peak signal-to-noise ratio in dB of (B, H, W[, C]) in [0, 255] -> (B,); equal pictures give 100 dB."""
    difference = ops.cast(a, "float32") - ops.cast(b, "float32")
    mse = ops.mean(ops.square(difference), axis=tuple(range(1, len(difference.shape))))
    return 10.0 * ops.log10(255.0**2 / ops.maximum(mse, 255.0**2 * 1e-10))


def _gaussian(size: int = 11, sigma: float = 1.5) -> np.ndarray:
    x = np.arange(size) - size // 2
    kernel = np.exp(-(x**2) / (2 * sigma**2))
    return (kernel / kernel.sum()).astype("float32")


def ssim(a, b):
    """Structural similarity of single-channel (B, H, W) in [0, 255] -> (B,), each side at least 11.

    Wang et al. 2004: an 11x11 Gaussian window of sigma 1.5, K1 0.01, K2 0.03, mean over the valid region.
    """
    height, width = a.shape[1] - 10, a.shape[2] - 10
    strips = (slice(top, top + STRIP + 10) for top in range(0, height, STRIP))
    return sum(ops.sum(_similarity(a[:, rows], b[:, rows]), axis=(1, 2)) for rows in strips) / (height * width)


def _similarity(a, b):
    """SSIM of every window of (B, H, W) -> (B, H-10, W-10)."""

    def blur(x):
        # Sums, not a convolution, which GPUs and TPUs compute with as few as 8 bits of each value.
        height, width = x.shape[1] - 10, x.shape[2] - 10
        x = sum(weight * x[:, row : row + height] for row, weight in enumerate(_gaussian()))
        return sum(weight * x[:, :, column : column + width] for column, weight in enumerate(_gaussian()))

    # Variances do not change under a shift; centred values lose fewer float32 digits in E[x^2] - E[x]^2.
    shift = 128.0
    a, b = ops.cast(a, "float32") - shift, ops.cast(b, "float32") - shift
    mean_a, mean_b = blur(a), blur(b)
    var_a = blur(a * a) - mean_a * mean_a
    var_b = blur(b * b) - mean_b * mean_b
    covariance = blur(a * b) - mean_a * mean_b
    mean_a, mean_b = mean_a + shift, mean_b + shift
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    return ((2 * mean_a * mean_b + c1) * (2 * covariance + c2)) / (
        (mean_a * mean_a + mean_b * mean_b + c1) * (var_a + var_b + c2)
    )


def _shave(x, border: int):
    return x[:, border:-border, border:-border] if border else x


def psnr_y(sr, hr, border: int):
    """PSNR in dB on Y with `border` pixels cut on every side: (B, H, W, 3) RGB in [0, 255] -> (B,)."""
    return psnr(_shave(luma(ops.cast(sr, "float32")), border), _shave(luma(ops.cast(hr, "float32")), border))


def ssim_y(sr, hr, border: int):
    """SSIM on Y with `border` pixels cut on every side: (B, H, W, 3) RGB in [0, 255] -> (B,)."""
    return ssim(_shave(luma(ops.cast(sr, "float32")), border), _shave(luma(ops.cast(hr, "float32")), border))


def psnr_rgb(sr, hr, border: int):
    """PSNR in dB over the three channels, `border` pixels cut on every side: (B, H, W, 3) -> (B,)."""
    return psnr(_shave(sr, border), _shave(hr, border))


def ssim_rgb(sr, hr, border: int):
    """SSIM of each of the three channels, averaged, `border` pixels cut on every side: (B, H, W, 3) -> (B,)."""
    sr, hr = _shave(sr, border), _shave(hr, border)
    return sum(ssim(sr[..., channel], hr[..., channel]) for channel in range(3)) / 3.0


def lr_consistency(sr, lr, scale: int):
    """PSNR in dB between LR (B, H, W, 3) and the bicubic-downscaled SR (B, scale*H, scale*W, 3) -> (B,).

    2 LR pixels (fewer in tiny pictures) are cut on every side: those of a crop depend on what lies outside it. Unlike
    evaluation's, which scores what users receive, nothing is rounded, and one convolution does it inside a step.
    """
    offsets, weights = shrink_weights(scale)
    kernel = np.einsum("y,x,cd->yxcd", weights, weights, np.eye(3, dtype="float32"))
    around = (int(-offsets[0]), max(0, int(offsets[-1]) + 1 - scale))
    sr = ops.pad(ops.clip(ops.cast(sr, "float32"), 0.0, 255.0), [(0, 0), around, around, (0, 0)], mode="symmetric")
    back = ops.conv(sr, kernel, strides=scale, padding="valid", data_format="channels_last")
    return psnr_rgb(back, lr, min(2, (min(lr.shape[1:3]) - 1) // 2))
