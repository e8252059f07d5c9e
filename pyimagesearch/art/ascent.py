"""Steps of gradient ascent on a picture, tile by tile."""

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from pyimagesearch.art.objectives import Objective
from pyimagesearch.art.pictures import MOST
from pyimagesearch.art.tiling import tiles
from pyimagesearch.errors import RunError
from pyimagesearch.images.resize import to_whole

EPSILON = 1e-8  # added to the standard deviation of the gradient
LARGEST_AREA = 512 * 512  # pixels over which the objective is a mean; beyond, EPSILON would slow large pictures down
OnPixels = Callable[[int], object]  # called after each tile with the number of its pixels


class Ascent:
    """Steps that make an objective larger: the picture plus `step_size` times its gradient in standard deviations."""

    def __init__(self, extractor: keras.Model, objective: Objective, tile: int):
        """tile: pixels a side that the network sees at once, at most."""
        self._extractor, self._objective, self._tile = extractor, objective, tile
        signature = [tf.TensorSpec([None, None, 3], tf.uint16), tf.TensorSpec([], tf.float32)]
        self._program = tf.function(self._gradient, autograph=False, input_signature=signature)

    def step(self, rgb: np.ndarray, step_size: float, rng: np.random.Generator, on_pixels: OnPixels) -> None:
        """Take one step in place. rgb: uint16 (H, W, 3), which stand for values in [-1, 1]; these are kept.

        The gradient is that of the whole picture before the step. rng: draws where the tiles are.
        Raises RunError where it is not finite.
        """
        height, width, _ = rgb.shape
        # In half of float32's memory, each tile over its largest value: 11 bits are more than a step can use. One array
        # for all tiles, since many small ones among those of TensorFlow would leave holes in the memory.
        gradients = np.empty(rgb.shape, np.float16)
        largest, sums = [], np.zeros(2)
        places = tiles(height, width, self._tile, rng)
        for core, seen in places:
            window = rgb[seen]
            weight = window.shape[0] * window.shape[1] / min(height * width, LARGEST_AREA)
            inner = tuple(slice(c.start - s.start, c.stop - s.start) for c, s in zip(core, seen, strict=True))
            gradient = self._program(window, weight).numpy()[inner]
            sums += gradient.sum(dtype=np.float64), np.square(gradient, dtype=np.float64).sum()
            largest.append(float(np.abs(gradient).max()))
            gradients[core] = gradient / (largest[-1] or 1.0)
            on_pixels(gradient.shape[0] * gradient.shape[1])
        mean, mean_square = sums / rgb.size
        if not np.isfinite(mean_square):
            raise RunError("the gradient of the dream is not finite; the weights of the network are damaged, or others")
        deviation = np.sqrt(max(0.0, mean_square - mean**2))
        for (core, _), unit in zip(places, largest, strict=True):
            change = gradients[core] * np.float32(unit * step_size / (deviation + EPSILON) * MOST / 2)
            rgb[core] = to_whole(change + rgb[core], rgb.dtype)

    def _gradient(self, window: tf.Tensor, weight: tf.Tensor) -> tf.Tensor:
        """The gradient (H, W, 3) of `weight` times the objective of a window, by values in [-1, 1]."""
        values = tf.cast(window, tf.float32) * (2 / MOST) - 1.0
        with tf.GradientTape() as tape:
            tape.watch(values)
            features = self._extractor((values[None] + 1.0) * 127.5, training=False)
            objective = weight * self._objective(features)
        return tape.gradient(objective, values)
