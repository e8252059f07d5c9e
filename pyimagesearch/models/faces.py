"""The SRGAN of a 2019 book on GANs, for whole pictures of faces: another generator, and a discriminator of places."""

import keras
from keras import layers

from pyimagesearch.models.blocks import STAGES, NearestUpsample, batch_norm, conv

MOMENTUM = 0.8  # of BatchNorm's moving statistics; its source trains on one picture at a time


def faces(*, filters: int, blocks: int, upsample_filters: int, scale: int, sync_batch_norm: bool) -> keras.Model:
    """RGB (B, H, W, 3) in [0, 255] -> (B, scale*H, scale*W, 3), float32, in [0, 255].

    Residual blocks with BatchNorm after ReLU at LR size, then stages of nearest neighbours and a convolution.
    """
    lr = keras.Input((None, None, 3), name="lr")
    x = layers.Rescaling(1 / 127.5, offset=-1)(lr)
    x = first = conv(filters, 9, activation="relu")(x)
    for _ in range(blocks):
        y = _norm(sync_batch_norm)(conv(filters, activation="relu")(x))
        y = _norm(sync_batch_norm)(conv(filters)(y))
        x = layers.Add()([x, y])
    x = layers.Add()([first, _norm(sync_batch_norm)(conv(filters)(x))])
    for factor in STAGES[scale]:
        x = conv(upsample_filters, activation="relu")(NearestUpsample(factor)(x))
    x = conv(3, 9)(x)
    x = layers.Activation("tanh", dtype="float32")(x)
    sr = layers.Rescaling(127.5, offset=127.5, dtype="float32", name="sr")(x)
    return keras.Model(lr, sr, name="faces")


def patch_discriminator(*, crop: int, filters: int, sync_batch_norm: bool) -> keras.Model:
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
