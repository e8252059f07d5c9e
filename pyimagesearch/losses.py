"""The losses of both phases. Keras operations only; every loss is the mean over the batch it is given.

Under several replicas each sees its part of the global batch: the training step divides by the number of
replicas, so that the sum over replicas is the mean over the global batch.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from keras import ops

from pyimagesearch.config_groups import FinetuneConfig
from pyimagesearch.images.color import luma
from pyimagesearch.system.registry import Registry

COLOUR_PART = 0.1  # of l1_y: enough to hold colours to HR's
GRID_WINDOW = 4  # LR pixels a side over which a grid has to repeat itself to count


# f(sr, hr) -> a scalar of pictures on [0, 1], from float32 pictures (B, H, W, 3) in [0, 255].
PIXEL_LOSSES: Registry[Callable] = Registry("pixel loss")


@PIXEL_LOSSES.register("mse")
def mse(sr, hr):
    """The mean squared error."""
    return ops.mean(ops.square((sr - hr) / 255.0))


@PIXEL_LOSSES.register("l1")
def l1(sr, hr):
    """The mean absolute error."""
    return ops.mean(ops.abs((sr - hr) / 255.0))


@PIXEL_LOSSES.register("l1_y")
def l1_y(sr, hr):
    """L1 of Y, which the usual protocol measures, and COLOUR_PART of L1."""
    return ops.mean(ops.abs(luma(sr) - luma(hr))) / 255.0 + COLOUR_PART * l1(sr, hr)


def pixel_loss(kind: str, sr, hr, border: int = 0):
    """The loss `kind` of PIXEL_LOSSES between pictures (B, H, W, 3) in [0, 255]; a scalar.

    `border` pixels at each side are left out.
    """
    inner = slice(border, -border or None)
    sr, hr = sr[:, inner, inner], hr[:, inner, inner]
    return PIXEL_LOSSES[kind](ops.cast(sr, "float32"), ops.cast(hr, "float32"))


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


# f(logits, real=...) -> a scalar: logits (B, ...) against all-real or all-fake labels.
DISCRIMINATOR_LOSSES: Registry[Callable] = Registry("discriminator loss")


@DISCRIMINATOR_LOSSES.register("bce")
def adversarial_loss(logits, *, real: bool):
    """Binary cross-entropy of logits (B, ...) against all-real or all-fake labels; a scalar.

    Softplus form: finite and with a gradient for any logit.
    """
    logits = ops.cast(logits, "float32")
    return ops.mean(ops.softplus(-logits if real else logits))


@DISCRIMINATOR_LOSSES.register("mse")
def squared_loss(logits, *, real: bool):
    """MSE of the probabilities that logits (B, ...) stand for against all-real or all-fake labels; a scalar."""
    return ops.mean(ops.square(ops.sigmoid(ops.cast(logits, "float32")) - float(real)))


@dataclass(frozen=True)
class GeneratorStep:
    """What a loss of the generator may look at in one step of phase 2.

    lr (B, h, w, 3), sr and hr (B, scale*h, scale*w, 3): float32 in [0, 255].
    features(pictures): VGG19's features by layer. judge(pictures): the discriminator's logits, after its
    update in this step.
    """

    lr: Any
    sr: Any
    hr: Any
    scale: int
    config: FinetuneConfig
    features: Callable[[Any], Mapping[str, Any]]
    judge: Callable[[Any], Any]


# f(GeneratorStep) -> a scalar. The weight of each is in config.finetune.losses; its column is NAME_loss.
GENERATOR_LOSSES: Registry[Callable[[GeneratorStep], Any]] = Registry("loss of the generator")


@GENERATOR_LOSSES.register("content")
def _content(step: GeneratorStep):
    config = step.config
    features, hr_features = step.features(step.sr), step.features(step.hr)
    return content_loss(features, hr_features, config.content_layers, config.content_scale)


@GENERATOR_LOSSES.register("adversarial")
def _adversarial(step: GeneratorStep):
    return adversarial_loss(step.judge(step.sr), real=True)


@GENERATOR_LOSSES.register("pixel")
def _pixel(step: GeneratorStep):
    """L1 on pixels: it holds colours and small networks in place."""
    return pixel_loss("l1", step.sr, step.hr)


@GENERATOR_LOSSES.register("grid")
def _grid(step: GeneratorStep):
    return grid_loss(step.sr, step.hr, step.scale)
