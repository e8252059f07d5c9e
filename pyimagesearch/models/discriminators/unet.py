"""The discriminator of Real-ESRGAN: a U-Net with spectral normalisation that judges every pixel.

Wang et al., "Real-ESRGAN" (arXiv 2107.10833), section 3.5, after Schoenfeld et al., CVPR 2020 (arXiv 2002.12655).
"""

import keras
from keras import layers

from pyimagesearch.errors import InputError
from pyimagesearch.models.blocks import SpectralConv2D
from pyimagesearch.models.registry import register_discriminator

DEPTH = 3  # times that it halves the picture


@register_discriminator("unet")
def unet_discriminator(*, crop: int, filters: int = 64) -> keras.Model:
    """Pictures (B, crop, crop, 3) in [0, 255] -> float32 logits (B, crop, crop, 1), one for each pixel."""
    if crop % 2**DEPTH:
        raise InputError(
            f"`data.crop` {crop} does not suit the discriminator unet, which halves pictures {DEPTH} times; take a "
            f"multiple of {2**DEPTH}"
        )
    picture = keras.Input((crop, crop, 3), name="picture")
    x = layers.Rescaling(1 / 127.5, offset=-1)(picture)
    x = layers.LeakyReLU(0.2)(layers.Conv2D(filters, 3, padding="same")(x))
    skips = []
    for level in range(DEPTH):
        skips.append(x)
        x = _spectral(x, filters * 2 ** (level + 1), 4, strides=2)
    for level in reversed(range(DEPTH)):
        x = layers.UpSampling2D(2, interpolation="bilinear")(x)
        x = layers.Add()([_spectral(x, filters * 2**level, 3), skips[level]])
    x = _spectral(_spectral(x, filters, 3), filters, 3)
    logits = layers.Conv2D(1, 3, padding="same", dtype="float32", name="logits")(x)
    return keras.Model(picture, logits, name="discriminator")


def _spectral(x, filters: int, size: int, strides: int = 1):
    convolution = SpectralConv2D(filters, size, strides=strides, padding="same", use_bias=False)
    return layers.LeakyReLU(0.2)(convolution(x))
