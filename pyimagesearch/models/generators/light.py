"""A small generator for CPUs and edge devices."""

import keras
import numpy as np
from keras import layers

from pyimagesearch.models.blocks import BicubicUpsample, PixelShuffle, conv
from pyimagesearch.models.registry import register_generator, stacked_convolutions

LIGHT_TAIL = 4  # arrays of weights after the blocks of `light`: two convs


@register_generator("light", receptive_field=stacked_convolutions)
def light(*, scale: int, filters: int = 48, blocks: int = 10) -> keras.Model:
    """A residual net without BatchNorm whose output is added to the bicubic picture.

    The last conv starts at a tenth of its usual size, so that training starts from the bicubic picture.
    """
    lr = keras.Input((None, None, 3), name="lr")
    x = layers.Rescaling(1 / 127.5, offset=-1)(lr)
    x = first = conv(filters)(x)
    for _ in range(blocks):
        y = conv(filters, activation="relu", kernel_initializer="he_normal")(x)
        x = layers.Add()([x, conv(filters, kernel_initializer=_small())(y)])
    x = layers.Add()([first, conv(filters)(x)])
    x = conv(3 * scale**2, kernel_initializer=_small())(x)
    residual = layers.Rescaling(127.5, dtype="float32")(PixelShuffle(scale)(x))
    sr = layers.Add(dtype="float32", name="sr")([residual, BicubicUpsample(scale, dtype="float32")(lr)])
    return keras.Model(lr, sr, name="light")


def deepened(weights: list[np.ndarray], generator: keras.Model) -> list[np.ndarray]:
    """Weights of a `light` of fewer blocks, for `generator`, a `light` of the same filters, to compute the same with.

    The blocks that `generator` has more come last, and add nothing until they are trained: their second conv is zero.
    """
    own = generator.get_weights()
    body = len(weights) - LIGHT_TAIL
    added = own[body:-LIGHT_TAIL]
    for index in range(2, len(added), 4):  # kernel and bias of the first conv, kernel and bias (zeros) of the second
        added[index] = np.zeros_like(added[index])
    return [*weights[:body], *added, *weights[body:]]


def _small() -> keras.initializers.Initializer:
    return keras.initializers.VarianceScaling(scale=0.02, mode="fan_in")  # he_normal's standard deviation / 10
