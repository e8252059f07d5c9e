"""The one promise: a picture in, the same picture `scale` times larger out.

Command line, validation, evaluation and grids all go through this object, so that scores describe what users get.
"""

import keras
import numpy as np
import tensorflow as tf

from pyimagesearch import images, weights

BICUBIC = "bicubic"
TILE = 384  # LR pixels a side that are upscaled at once; at x4 a 64-channel generator needs about 1.5 GB for it
CONTEXT = 48  # LR pixels around a tile that the network sees too: more than the presets' generators look around
LEAST = 16  # networks see at least so many pixels a side; smaller pictures are mirrored out to it


class Upscaler:
    """Upscales uint8 RGB (H, W, 3) of any size from 1x1 to uint8 RGB (scale*H, scale*W, 3)."""

    def __init__(self, model: keras.Model, scale: int, *, multiple: int = 1):
        """multiple: sides of what the network sees are mirrored out to one of it. A device that compiles a program
        for each shape, such as a TPU, then compiles few; the last rows and columns come out a little different."""
        self.scale = scale
        self._multiple = multiple
        self.context = max(CONTEXT, _reach(model))
        # One trace for every picture size.
        signature = [tf.TensorSpec([1, None, None, 3], tf.float32)]
        self._forward = tf.function(lambda lr: model(lr, training=False), input_signature=signature)

    def __call__(self, lr: np.ndarray) -> np.ndarray:
        s = self.scale
        sr = np.empty((lr.shape[0] * s, lr.shape[1] * s, 3), np.uint8)
        for top in range(0, lr.shape[0], TILE):
            for left in range(0, lr.shape[1], TILE):
                self._tile(lr, sr, top, left)
        return sr

    def _tile(self, lr: np.ndarray, sr: np.ndarray, top: int, left: int) -> None:
        s = self.scale
        bottom, right = min(top + TILE, lr.shape[0]), min(left + TILE, lr.shape[1])
        y, x = max(0, top - self.context), max(0, left - self.context)
        seen = lr[y : bottom + self.context, x : right + self.context]
        seen = np.pad(seen, [(0, self._missing(side)) for side in seen.shape[:2]] + [(0, 0)], mode="symmetric")
        out = self._forward(seen[None].astype(np.float32)).numpy()[0]
        out = out[(top - y) * s : (bottom - y) * s, (left - x) * s : (right - x) * s]
        sr[top * s : bottom * s, left * s : right * s] = np.rint(np.clip(out, 0, 255))

    def _missing(self, side: int) -> int:
        """How many pixels a side lacks of what the network is to see."""
        return max(LEAST, -(-side // self._multiple) * self._multiple) - side


def _reach(model: keras.Model) -> int:
    """How many LR pixels around a pixel its convolutions see at most: a deep trunk needs more than CONTEXT."""
    return sum(max(layer.kernel_size) // 2 for layer in model.layers if isinstance(layer, keras.layers.Conv2D))


class BicubicUpscaler:
    """The baseline, with the promise of Upscaler."""

    def __init__(self, scale: int):
        self.scale = scale

    def __call__(self, lr: np.ndarray) -> np.ndarray:
        return images.upscale_bicubic(lr, self.scale)


AnyUpscaler = Upscaler | BicubicUpscaler


def load_upscaler(path: str) -> Upscaler:
    """The upscaler of the generator saved at `path`."""
    model = weights.load_generator(path)
    return Upscaler(model, weights.generator_scale(model))
