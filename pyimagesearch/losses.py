"""The losses of both phases. Keras operations only; every loss is the mean over the batch it is given.

Under several replicas each sees its part of the global batch: the training step divides by the number of
replicas, so that the sum over replicas is the mean over the global batch.
"""

from collections.abc import Mapping

from keras import ops

from pyimagesearch.images.color import luma

COLOUR_PART = 0.1  # of l1_y: enough to hold colours to HR's
GRID_WINDOW = 4  # LR pixels a side over which a grid has to repeat itself to count


def pixel_loss(kind: str, sr, hr, border: int = 0):
    """MSE or L1 between pictures (B, H, W, 3) in [0, 255], computed on [0, 1]; a scalar.

    kind: "mse", "l1", or "l1_y", which is L1 of Y, what the usual protocol measures, and COLOUR_PART of L1.
    `border` pixels at each side are left out.
    """
    inner = slice(border, -border or None)
    sr, hr = sr[:, inner, inner], hr[:, inner, inner]
    sr, hr = ops.cast(sr, "float32"), ops.cast(hr, "float32")
    difference = (sr - hr) / 255.0
    if kind == "mse":
        return ops.mean(ops.square(difference))
    l1 = ops.mean(ops.abs(difference))
    return l1 if kind == "l1" else ops.mean(ops.abs(luma(sr) - luma(hr))) / 255.0 + COLOUR_PART * l1


def content_loss(sr_features: Mapping, hr_features: Mapping, weights: Mapping[str, float], scale: float):
    """The weighted sum over VGG19's layers of the MSE between features times `scale`; a scalar.

    sr_features, hr_features: (B, h, w, c) by layer, as `build_vgg`'s extractor gives them.
    One layer: Ledig et al., eq. 5. Several, from fine to coarse: Johnson et al., ECCV 2016 (arXiv 1603.08155).
    """
    loss = 0.0
    for layer, weight in weights.items():
        difference = ops.cast(sr_features[layer], "float32") - ops.cast(hr_features[layer], "float32")
        loss += weight * ops.mean(ops.square(difference))
    return loss * scale**2


def grid_loss(sr, hr, scale: int):
    """The mean square of that part of SR - HR (B, H, W, 3), on [0, 1], which repeats every `scale` pixels; a scalar.

    What a pixel shuffle draws when its channels disagree, and VGG19's upper layers do not see. The errors at each of
    the scale*scale places within an LR pixel are averaged over windows of GRID_WINDOW LR pixels a side (fewer in
    smaller pictures); how far these averages lie from the mean of all places is the grid. H and W are multiples of
    `scale`.
    """
    error = (ops.cast(sr, "float32") - ops.cast(hr, "float32")) / 255.0
    _, height, width, channels = error.shape
    height, width = height // scale, width // scale
    error = ops.reshape(error, (-1, height, scale, width, scale, channels))
    places = ops.reshape(ops.transpose(error, (0, 1, 3, 2, 4, 5)), (-1, height, width, scale**2 * channels))
    window = min(GRID_WINDOW, height, width)
    averages = ops.average_pool(
        places, window, strides=max(window // 2, 1), padding="valid", data_format="channels_last"
    )
    averages = ops.reshape(averages, (-1, *averages.shape[1:3], scale**2, channels))
    return ops.mean(ops.square(averages - ops.mean(averages, axis=-2, keepdims=True)))


def squared_loss(logits, *, real: bool):
    """MSE of the probabilities that logits (B, ...) stand for against all-real or all-fake labels; a scalar."""
    return ops.mean(ops.square(ops.sigmoid(ops.cast(logits, "float32")) - float(real)))


def adversarial_loss(logits, *, real: bool):
    """Binary cross-entropy of logits (B, ...) against all-real or all-fake labels; a scalar.

    Softplus form: finite and with a gradient for any logit.
    """
    logits = ops.cast(logits, "float32")
    return ops.mean(ops.softplus(-logits if real else logits))
