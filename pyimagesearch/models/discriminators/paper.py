"""The discriminator of Ledig et al., CVPR 2017."""

import keras
from keras import layers

from pyimagesearch.models.blocks import batch_norm, conv
from pyimagesearch.models.registry import register_discriminator


@register_discriminator("paper")
def paper_discriminator(*, crop: int, filters: int = 64, sync_batch_norm: bool = True) -> keras.Model:
    """Ledig et al., figure 4: pictures (B, crop, crop, 3) in [0, 255] -> logits (B, 1)."""
    picture = keras.Input((crop, crop, 3), name="picture")
    x = layers.Rescaling(1 / 127.5, offset=-1)(picture)
    x = layers.LeakyReLU(0.2)(conv(filters)(x))
    x = layers.LeakyReLU(0.2)(batch_norm(sync_batch_norm)(conv(filters, strides=2)(x)))
    for width in (2 * filters, 4 * filters, 8 * filters):
        x = layers.LeakyReLU(0.2)(batch_norm(sync_batch_norm)(conv(width)(x)))
        x = layers.LeakyReLU(0.2)(batch_norm(sync_batch_norm)(conv(width, strides=2)(x)))
    x = layers.LeakyReLU(0.2)(layers.Dense(16 * filters)(layers.Flatten()(x)))
    logits = layers.Dense(1, dtype="float32", name="logits")(x)
    return keras.Model(picture, logits, name="discriminator")
