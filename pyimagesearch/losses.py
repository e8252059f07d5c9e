"""The losses of both phases. Keras operations only; every loss is the mean over the batch it is given.

Under several replicas each sees its part of the global batch: the training step divides by the number of
replicas, so that the sum over replicas is the mean over the global batch.
"""

from keras import ops


def pixel_loss(kind: str, sr, hr, border: int = 0):
    """MSE or L1 between pictures (B, H, W, 3) in [0, 255], computed on [0, 1]; a scalar.

    `border` pixels at each side are left out.
    """
    inner = slice(border, -border or None)
    sr, hr = sr[:, inner, inner], hr[:, inner, inner]
    difference = (ops.cast(sr, "float32") - ops.cast(hr, "float32")) / 255.0
    return ops.mean(ops.square(difference)) if kind == "mse" else ops.mean(ops.abs(difference))


def content_loss(sr_features, hr_features, scale: float):
    """MSE between VGG19 features (B, h, w, c), each multiplied by `scale` (Ledig et al., eq. 5); a scalar."""
    difference = ops.cast(sr_features, "float32") - ops.cast(hr_features, "float32")
    return ops.mean(ops.square(difference)) * scale**2


def squared_loss(logits, *, real: bool):
    """MSE of the probabilities that logits (B, ...) stand for against all-real or all-fake labels; a scalar."""
    return ops.mean(ops.square(ops.sigmoid(ops.cast(logits, "float32")) - float(real)))


def adversarial_loss(logits, *, real: bool):
    """Binary cross-entropy of logits (B, ...) against all-real or all-fake labels; a scalar.

    Softplus form: finite and with a gradient for any logit.
    """
    logits = ops.cast(logits, "float32")
    return ops.mean(ops.softplus(-logits if real else logits))
