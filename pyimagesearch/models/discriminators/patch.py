"""The discriminator of a 2019 book on GANs: one logit for each place of a picture."""

import keras
from keras import layers

from pyimagesearch.models.blocks import batch_norm, conv
from pyimagesearch.models.registry import register_discriminator

MOMENTUM = 0.8  # of BatchNorm's moving statistics; its source trains on one picture at a time


@register_discriminator("patch")
def patch_discriminator(*, crop: int, filters: int = 64, sync_batch_norm: bool = True) -> keras.Model:
    """Pictures (B, crop, crop, 3) in [0, 255] -> logits (B, crop/16, crop/16, 1), float32: one for each place."""
    picture = keras.Input((crop, crop, 3), name="picture")
    x = layers.Rescaling(1 / 127.5, offset=-1)(picture)
    x = layers.LeakyReLU(0.2)(conv(filters)(x))
    x = _norm(sync_batch_norm)(layers.LeakyReLU(0.2)(conv(filters, strides=2)(x)))
    for width in (2 * filters, 4 * filters, 8 * filters):
        x = _norm(sync_batch_norm)(layers.LeakyReLU(0.2)(conv(width)(x)))
        x = _norm(sync_batch_norm)(layers.LeakyReLU(0.2)(conv(width, strides=2)(x)))
    x = layers.LeakyReLU(0.2)(layers.Dense(16 * filters)(x))
    logits = layers.Dense(1, dtype="float32", name="logits")(x)
    return keras.Model(picture, logits, name="discriminator")


def _norm(synchronized: bool) -> layers.Layer:
    return batch_norm(synchronized, momentum=MOMENTUM)
