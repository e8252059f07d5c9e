"""Magenta's SavedModel, which TensorFlow Hub called google/magenta/arbitrary-image-stylization-v1-256/2."""

from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from pyimagesearch.art.painting import StyleMix, padded
from pyimagesearch.errors import InputError, one_line

BYTES = 1500  # for each pixel; an estimate from the widths of its layers, 32 channels at full size


class HubPainter:
    """A SavedModel with the call of Hub's module: (content, style), each (1, H, W, 3), to a list with the painted one.

    Its two networks are one here, so that neither styles nor strengths can be mixed.
    """

    mixes = False

    def __init__(self, path: Path):
        self._path = path
        try:
            self._model: Any = tf.saved_model.load(str(path))
        except Exception as error:  # TensorFlow's parsers raise many types
            raise self._refused(f"is no SavedModel that can be loaded ({one_line(error)[:200]})") from None
        if not callable(self._model):
            raise self._refused("is a SavedModel that cannot be called with a content and a style")

    def __call__(self, content: np.ndarray, style: StyleMix) -> np.ndarray:
        """See Painter."""
        height, width = content.shape[:2]
        try:
            made = self._model(tf.constant(padded(content)[None]), tf.constant(style.pictures[0][None]))
        except (TypeError, ValueError, tf.errors.InvalidArgumentError) as error:
            raise self._refused(
                f"does not take a content and a style as Magenta's does ({one_line(error)[:200]})"
            ) from None
        painted = made[0] if isinstance(made, list | tuple) else made
        if len(painted.shape) != 4 or painted.shape[1] < height or painted.shape[2] < width or painted.shape[3] != 3:
            raise self._refused(f"made {painted.shape} of a content of {width}x{height} pixels, which is no picture")
        return np.clip(painted[0, :height, :width].numpy(), 0.0, 1.0)

    def bytes_needed(self, height: int, width: int) -> int:
        """See Painter."""
        return BYTES * height * width

    def _refused(self, why: str) -> InputError:
        return InputError(f"`fast_models` {self._path}: {why}")
