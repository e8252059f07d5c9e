"""The SRGAN networks: SRResNet, a light generator, and the discriminators of the tutorial and of the paper.

Ledig et al., "Photo-Realistic Single Image Super-Resolution Using a Generative Adversarial Network", CVPR 2017.
Generators take and give float32 RGB in [0, 255]: (B, H, W, 3) -> (B, scale*H, scale*W, 3).
"""

import keras
import numpy as np
from keras import layers

from pyimagesearch.models.blocks import STAGES, BicubicUpsample, PixelShuffle, batch_norm, conv


def _prelu() -> layers.Layer:
    return layers.PReLU(shared_axes=[1, 2])  # one slope a channel, so that any picture size fits


def srresnet(*, filters: int, blocks: int, upsample_filters: int, scale: int, sync_batch_norm: bool) -> keras.Model:
    """SRResNet: residual blocks with BatchNorm and PReLU at LR size, then pixel-shuffle stages."""
    lr = keras.Input((None, None, 3), name="lr")
    x = layers.Rescaling(1 / 255)(lr)
    x = first = _prelu()(conv(filters, 9)(x))
    for _ in range(blocks):
        y = _prelu()(batch_norm(sync_batch_norm)(conv(filters)(x)))
        y = batch_norm(sync_batch_norm)(conv(filters)(y))
        x = layers.Add()([x, y])
    x = layers.Add()([first, batch_norm(sync_batch_norm)(conv(filters)(x))])
    for factor in STAGES[scale]:
        # upsample_filters counts the conv's filters for a factor of 2; the shuffle leaves a quarter of them.
        x = conv(upsample_filters * factor**2 // 4)(x)
        x = _prelu()(PixelShuffle(factor)(x))
    x = conv(3, 9)(x)
    x = layers.Activation("tanh", dtype="float32")(x)
    sr = layers.Rescaling(127.5, offset=127.5, dtype="float32", name="sr")(x)
    return keras.Model(lr, sr, name="srresnet")


LIGHT_TAIL = 4  # arrays of weights after the blocks of `light`: two convs


def light(*, filters: int, blocks: int, scale: int) -> keras.Model:
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


def tutorial_discriminator(*, crop: int, filters: int, sync_batch_norm: bool) -> keras.Model:
    """The tutorial's discriminator: pictures (B, crop, crop, 3) in [0, 255] -> logits (B, 1)."""
    picture = keras.Input((crop, crop, 3), name="picture")
    x = layers.Rescaling(1 / 127.5, offset=-1)(picture)
    x = layers.LeakyReLU(0.2)(conv(filters)(x))
    x = layers.LeakyReLU(0.2)(batch_norm(sync_batch_norm)(conv(filters)(x)))
    for width in (2 * filters, 4 * filters, 8 * filters):
        x = layers.LeakyReLU(0.2)(batch_norm(sync_batch_norm)(conv(width, strides=2)(x)))
        x = layers.LeakyReLU(0.2)(batch_norm(sync_batch_norm)(conv(width)(x)))
    x = layers.LeakyReLU(0.2)(layers.GlobalAveragePooling2D()(x))
    logits = layers.Dense(1, dtype="float32", name="logits")(x)
    return keras.Model(picture, logits, name="discriminator")


def paper_discriminator(*, crop: int, filters: int, sync_batch_norm: bool) -> keras.Model:
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
