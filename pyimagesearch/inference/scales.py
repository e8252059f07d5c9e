"""Scales below a network's own: what the network makes is shrunk, tile by tile, in the program that makes it.

The filter is MATLAB's antialiased bicubic. With `light`, none of those in docs/experiments.md is better by more than
0.03 dB at x2 and x3.
"""

import numpy as np
import tensorflow as tf

from pyimagesearch.errors import InputError
from pyimagesearch.images.resize import cell_weights


def check_scale(scale: int, largest: int) -> None:
    """Raise InputError unless `scale` is a whole number from 1 to that of the network."""
    if scale not in range(1, largest + 1):
        raise InputError(
            f"`scale` must be a whole number from 1 to {largest}, which this model makes, received {scale}; "
            "`size` takes any other size"
        )


class Shrinker:
    """Makes the pictures of a network of the scale `made` smaller: (1, made*H, made*W, C) to (1, scale*H, scale*W, C).

    One convolution: each LR pixel is a cell of made*made pixels, which becomes one of scale*scale by the same weights.
    """

    def __init__(self, made: int, scale: int):
        offsets, self._weights = cell_weights(made, scale)
        self._made, self._scale = made, scale
        self._before, self._after = int(-offsets[0]), int(offsets[-1]) - (made - 1)
        self.reach = -(-max(self._before, self._after) // made)  # LR pixels around a cell that decide it

    def __call__(self, pictures: tf.Tensor) -> tf.Tensor:
        """float32 (1, made*H, made*W, C) to (1, scale*H, scale*W, C); border pixels are repeated outwards."""
        for axis in (1, 2):
            length = tf.shape(pictures)[axis]
            inside = tf.clip_by_value(tf.range(-self._before, length + self._after), 0, length - 1)
            pictures = tf.gather(pictures, inside, axis=axis)
        cells = tf.nn.conv2d(pictures, self._kernel(pictures.shape[3]), self._made, "VALID")  # (1, H, W, scale^2*C)
        return tf.nn.depth_to_space(cells, self._scale) if self._scale > 1 else cells

    def _kernel(self, channels: int) -> np.ndarray:
        """(taps, taps, C, scale*scale*C), the last axis in the order of depth_to_space: row, column, channel."""
        rows, taps = self._weights.shape
        kernel = np.einsum("iy,jx,cd->yxcijd", self._weights, self._weights, np.eye(channels, dtype=np.float32))
        return kernel.reshape(taps, taps, channels, rows * rows * channels)
