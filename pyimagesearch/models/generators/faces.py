"""The generator of a 2019 book on GANs, for whole pictures of faces."""

import keras
from keras import layers

from pyimagesearch.models.blocks import STAGES, NearestUpsample, batch_norm, conv
from pyimagesearch.models.registry import check_multiple_of_4, register_generator, stacked_convolutions

MOMENTUM = 0.8  # of BatchNorm's moving statistics; its source trains on one picture at a time


@register_generator("faces", receptive_field=stacked_convolutions)
def faces(
    *, scale: int, filters: int = 64, blocks: int = 16, upsample_filters: int = 256, sync_batch_norm: bool = True
) -> keras.Model:
    """RGB (B, H, W, 3) in [0, 255] -> (B, scale*H, scale*W, 3), float32, in [0, 255].

    Residual blocks with BatchNorm after ReLU at LR size, then stages of nearest neighbours and a convolution.
    """
    check_multiple_of_4("network.upsample_filters", upsample_filters)
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


def _norm(synchronized: bool) -> layers.Layer:
    return batch_norm(synchronized, momentum=MOMENTUM)
