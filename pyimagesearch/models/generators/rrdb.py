"""RRDBNet, the generator of ESRGAN and Real-ESRGAN: dense blocks inside residual blocks, without BatchNorm.

Wang et al., "ESRGAN: Enhanced Super-Resolution Generative Adversarial Networks", ECCV Workshops 2018 (arXiv
1809.00219), section 3.1.
"""

import keras
from keras import layers

from pyimagesearch.models.blocks import STAGES, NearestUpsample, conv
from pyimagesearch.models.registry import register_generator, stacked_convolutions

RESIDUAL_SCALE = 0.2  # of what a dense block, and three of them, add
DENSE = 5  # convolutions in a dense block


@register_generator("rrdb", receptive_field=stacked_convolutions)
def rrdb(*, scale: int, filters: int = 64, growth: int = 32, blocks: int = 23) -> keras.Model:
    """RGB (B, H, W, 3) in [0, 255] -> (B, scale*H, scale*W, 3), float32, not bounded.

    growth: channels that each convolution of a dense block adds to what the next one sees.
    """
    lr = keras.Input((None, None, 3), name="lr")
    x = layers.Rescaling(1 / 255)(lr)
    x = first = conv(filters)(x)
    for _ in range(blocks):
        y = x
        for _ in range(3):
            y = _dense(y, filters, growth)
        x = _added(x, y)
    x = layers.Add()([first, conv(filters)(x)])
    for factor in STAGES[scale]:
        x = _activated(conv(filters)(NearestUpsample(factor)(x)))
    x = conv(3)(_activated(conv(filters)(x)))
    sr = layers.Rescaling(255, dtype="float32", name="sr")(x)
    return keras.Model(lr, sr, name="rrdb")


def _dense(x, filters: int, growth: int):
    seen = [x]
    for _ in range(DENSE - 1):
        seen.append(_activated(conv(growth, kernel_initializer=_small())(_joined(seen))))
    return _added(x, conv(filters, kernel_initializer=_small())(_joined(seen)))


def _joined(parts: list):
    return layers.Concatenate()(parts) if len(parts) > 1 else parts[0]


def _added(x, y):
    return layers.Add()([x, layers.Rescaling(RESIDUAL_SCALE)(y)])


def _activated(x):
    return layers.LeakyReLU(0.2)(x)


def _small() -> keras.initializers.Initializer:
    """He-normal times 0.1 (section 3.1, "smaller initialization")."""
    return keras.initializers.VarianceScaling(scale=0.02, mode="fan_in")
