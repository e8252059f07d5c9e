"""A toy: one convolution and a pixel shuffle."""

import keras
from keras import layers

from pyimagesearch.models.blocks import PixelShuffle
from pyimagesearch.models.registry import register_generator, stacked_convolutions


@register_generator("toy", receptive_field=stacked_convolutions)
def toy(*, scale: int, kernel: int = 5) -> keras.Model:
    """RGB (B, H, W, 3) in [0, 255] -> (B, scale*H, scale*W, 3), float32; one kernel of `kernel` a side."""
    lr = keras.Input((None, None, 3), name="lr")
    x = layers.Rescaling(1 / 255)(lr)
    x = PixelShuffle(scale)(layers.Conv2D(3 * scale**2, kernel, padding="same")(x))
    return keras.Model(lr, layers.Rescaling(255, dtype="float32", name="sr")(x), name="toy")
