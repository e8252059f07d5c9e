"""What is exported: a generator as a graph.

float32 RGB in [0, 255] in, the same out, any batch, height and width. The output is clipped inside, since a conversion
to 8 bits wraps around beyond [0, 255]. It is not rounded, since some users need more than 8 bits.
"""

import keras
import tensorflow as tf

from pyimagesearch.models import loading

# How Keras names the layer BicubicUpsample, and graphs what it computes.
INTERPOLATION = "bicubic_upsample"
LR = tf.TensorSpec([None, None, None, 3], tf.float32, name="lr")


class Network:
    """A generator with its output clipped, as a graph: `lr` to `sr`."""

    def __init__(self, model: keras.Model):
        self.model, self.scale = model, loading.generator_scale(model)
        self.forward = tf.function(
            lambda lr: {"sr": keras.ops.clip(model(lr, training=False), 0.0, 255.0)}, input_signature=[LR]
        )

    def contract(self) -> dict[str, str]:
        """Names, types, shapes and ranges of the input and the output, for people and for the file's metadata."""
        return {
            "input": "lr: float32 (batch, height, width, 3), RGB in [0, 255]",
            "output": f"sr: float32 (batch, {self.scale}*height, {self.scale}*width, 3), RGB clipped to [0, 255], "
            "not rounded",
        }
