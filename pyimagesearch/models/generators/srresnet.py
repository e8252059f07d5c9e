"""SRResNet, the generator of SRGAN.

Ledig et al., "Photo-Realistic Single Image Super-Resolution Using a Generative Adversarial Network", CVPR 2017.
"""

import keras
from keras import layers

from pyimagesearch.models.blocks import STAGES, PixelShuffle, batch_norm, conv
from pyimagesearch.models.registry import check_multiple_of_4, register_generator, stacked_convolutions


def _prelu() -> layers.Layer:
    return layers.PReLU(shared_axes=[1, 2])  # one slope a channel, so that any picture size fits


@register_generator("srresnet", receptive_field=stacked_convolutions)
def srresnet(
    *, scale: int, filters: int = 64, blocks: int = 16, upsample_filters: int = 256, sync_batch_norm: bool = True
) -> keras.Model:
    """SRResNet: residual blocks with BatchNorm and PReLU at LR size, then pixel-shuffle stages."""
    check_multiple_of_4("network.upsample_filters", upsample_filters)
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
