"""SRCNN: three convolutions over the interpolated picture.

Dong et al., "Image Super-Resolution Using Deep Convolutional Networks", TPAMI 2016 (arXiv 1501.00092): 9-1-5.
"""

import math

import keras
from keras import layers

from pyimagesearch.errors import InputError
from pyimagesearch.models.blocks import BicubicUpsample, MirrorPad
from pyimagesearch.models.registry import register_generator, stacked_convolutions

REACH = 4 + 0 + 2  # HR pixels that the 9x9, 1x1 and 5x5 kernels see beyond their centres


def label_border(scale: int) -> int:
    """HR pixels at each side of a crop that its labels leave out: those for which SRCNN would look beyond the crop.

    The interpolation looks 1.5 LR pixels and a half HR pixel around an HR pixel's centre, the kernels REACH more.
    """
    return REACH + math.ceil(1.5 * scale - 0.5)


@register_generator("srcnn", receptive_field=stacked_convolutions, label_border=label_border)
def srcnn(*, scale: int, filters: int = 64) -> keras.Model:
    """RGB (B, H, W, 3) in [0, 255] -> (B, scale*H, scale*W, 3), float32; `filters` 9x9 kernels, half as many 1x1.

    The source's convolutions have no padding, so that a picture would shrink by REACH at each border. Here the
    interpolated picture is first mirrored there: the inner pixels are the same, and the whole picture comes out. Needs
    an interpolated picture of at least REACH pixels a side.
    """
    if filters < 2:  # the second convolution has half as many
        raise InputError(f"`network.filters` must be at least 2, received {filters}")
    lr = keras.Input((None, None, 3), name="lr")
    x = BicubicUpsample(scale, dtype="float32")(lr)
    x = layers.Rescaling(1 / 255)(x)
    x = MirrorPad(REACH)(x)
    x = layers.Conv2D(filters, 9, activation="relu", kernel_initializer="he_normal")(x)
    x = layers.Conv2D(filters // 2, 1, activation="relu", kernel_initializer="he_normal")(x)
    x = layers.Conv2D(3, 5, kernel_initializer="he_normal")(x)
    sr = layers.Rescaling(255, dtype="float32", name="sr")(x)
    return keras.Model(lr, sr, name="srcnn")
