"""EDSR: a residual network without BatchNorm.

Lim et al., "Enhanced Deep Residual Networks for Single Image Super-Resolution", CVPR Workshops 2017 (arXiv 1707.02921).
"""

import keras
from keras import layers

from pyimagesearch.models.blocks import STAGES, PixelShuffle, conv
from pyimagesearch.models.registry import register_generator, stacked_convolutions

DIV2K_MEAN = tuple(255 * mean for mean in (0.4488, 0.4371, 0.4040))  # RGB of its training pictures
RANGE = 127.5  # levels that the network sees as 1


@register_generator("edsr", receptive_field=stacked_convolutions)
def edsr(*, scale: int, filters: int = 64, blocks: int = 16, residual_scale: float = 1.0) -> keras.Model:
    """RGB (B, H, W, 3) in [0, 255] -> (B, scale*H, scale*W, 3), float32, not bounded.

    What a block adds is multiplied by `residual_scale`; the paper's large model (32 blocks of 256) needs 0.1.
    """
    lr = keras.Input((None, None, 3), name="lr")
    x = layers.Rescaling(1 / RANGE, offset=[-mean / RANGE for mean in DIV2K_MEAN])(lr)
    x = first = conv(filters)(x)
    for _ in range(blocks):
        y = conv(filters)(conv(filters, activation="relu")(x))
        x = layers.Add()([x, y if residual_scale == 1 else layers.Rescaling(residual_scale)(y)])
    x = layers.Add()([first, conv(filters)(x)])
    for factor in STAGES[scale]:
        x = PixelShuffle(factor)(conv(filters * factor**2)(x))
    x = conv(3)(x)
    sr = layers.Rescaling(RANGE, offset=list(DIV2K_MEAN), dtype="float32", name="sr")(x)
    return keras.Model(lr, sr, name="edsr")
