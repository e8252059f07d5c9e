"""The losses of both phases. Keras operations only; every loss is the mean over the batch it is given.

Under several replicas each sees its part of the global batch: the training step divides by the number of
replicas, so that the sum over replicas is the mean over the global batch.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from keras import ops

from pyimagesearch.config_groups import FinetuneConfig
from pyimagesearch.images.color import luma
from pyimagesearch.system.registry import Registry

COLOUR_PART = 0.1  # of l1_y: enough to hold colours to HR's
SHARPEN_RADIUS, SHARPEN_SIGMA = 25, 8.0  # pixels: of the kernel, and OpenCV's standard deviation for its size
SHARPEN_WEIGHT, SHARPEN_THRESHOLD = 0.5, 10.0
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


def content_loss(
    sr_features: Mapping, hr_features: Mapping, weights: Mapping[str, float], scale: float, criterion: str = "mse"
):
    """The weighted sum over VGG19's layers of the MSE, or of L1, between features times `scale`; a scalar.

    sr_features, hr_features: (B, h, w, c) by layer, as `build_vgg`'s extractor gives them.
    One layer: Ledig et al., eq. 5. Several, from fine to coarse: Johnson et al., ECCV 2016 (arXiv 1603.08155).
    criterion: "mse" or "l1" (Wang et al., ESRGAN).
    """
    loss = 0.0
    for layer, weight in weights.items():
        difference = ops.cast(sr_features[layer], "float32") - ops.cast(hr_features[layer], "float32")
        loss += weight * ops.mean(ops.square(difference) if criterion == "mse" else ops.abs(difference))
    return loss * (scale**2 if criterion == "mse" else scale)


def sharpened(hr):
    """HR (B, H, W, 3) in [0, 255] after unsharp masking, as Real-ESRGAN compares with it (its section 3.6).

    Half of what a Gaussian of SHARPEN_SIGMA takes away is added, softly limited to places where that is more than
    SHARPEN_THRESHOLD levels. H and W are above SHARPEN_RADIUS.
    """
    detail = hr - _gaussian(hr)
    mask = _gaussian(ops.cast(ops.abs(detail) > SHARPEN_THRESHOLD, "float32"))
    return hr + mask * (ops.clip(hr + SHARPEN_WEIGHT * detail, 0.0, 255.0) - hr)


def _gaussian(pictures):
    """Blurred (B, H, W, 3), with mirrored borders, by one pass along each axis."""
    radius, channels = SHARPEN_RADIUS, pictures.shape[3]
    line = np.exp(-0.5 * (np.arange(-radius, radius + 1) / SHARPEN_SIGMA) ** 2)
    line = ops.convert_to_tensor(np.tile((line / line.sum())[:, None], (1, channels))[..., None], "float32")
    pictures = ops.pad(pictures, [(0, 0), (radius, radius), (radius, radius), (0, 0)], mode="reflect")
    pictures = ops.depthwise_conv(pictures, line[:, None], padding="valid", data_format="channels_last")
    return ops.depthwise_conv(pictures, line[None], padding="valid", data_format="channels_last")


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


def adversarial_loss(logits, *, real: bool):
    """Binary cross-entropy of logits (B, ...) against all-real or all-fake labels; a scalar.

    Softplus form: finite and with a gradient for any logit.
    """
    logits = ops.cast(logits, "float32")
    return ops.mean(ops.softplus(-logits if real else logits))


def squared_loss(logits, *, real: bool):
    """MSE of the probabilities that logits (B, ...) stand for against all-real or all-fake labels; a scalar."""
    return ops.mean(ops.square(ops.sigmoid(ops.cast(logits, "float32")) - float(real)))


@dataclass(frozen=True)
class GANLoss:
    """The losses of the two networks, scalars of the discriminator's logits (B, ...).

    discriminator(fake, real). generator(fake, judge_real): judge_real() gives the logits of the reals, where needed.
    decisions(fake, real): what the discriminator decides by the sign of, for both; above zero means real.
    """

    discriminator: Callable[[Any, Any], Any]
    generator: Callable[[Any, Callable[[], Any]], Any]
    decisions: Callable[[Any, Any], tuple[Any, Any]] = lambda fake, real: (fake, real)


GAN_LOSSES: Registry[GANLoss] = Registry("discriminator loss")


def _of_both(criterion: Callable) -> Callable[[Any, Any], Any]:
    """The mean of a criterion over fakes and reals together."""
    return lambda fake, real: (criterion(fake, real=False) + criterion(real, real=True)) / 2


def _against_labels(fake, _judge_real):
    return adversarial_loss(fake, real=True)


GAN_LOSSES.register("bce")(GANLoss(_of_both(adversarial_loss), _against_labels))
GAN_LOSSES.register("mse")(GANLoss(_of_both(squared_loss), _against_labels))


def relativistic_loss(winning, losing):
    """Binary cross-entropy of `winning` looking more real than `losing` does on average, and the other way round.

    Logits (B, ...); a scalar. Jolicoeur-Martineau, "The relativistic discriminator" (arXiv 1807.00734), eq. 8. Several
    replicas average over their own part of the batch.
    """
    winning, losing = ops.cast(winning, "float32"), ops.cast(losing, "float32")
    more = adversarial_loss(winning - ops.mean(losing), real=True)
    return (more + adversarial_loss(losing - ops.mean(winning), real=False)) / 2


GAN_LOSSES.register("relativistic")(
    GANLoss(
        discriminator=lambda fake, real: relativistic_loss(real, fake),
        generator=lambda fake, judge_real: relativistic_loss(fake, judge_real()),
        decisions=lambda fake, real: (fake - ops.mean(real), real - ops.mean(fake)),
    )
)


@dataclass(frozen=True)
class GeneratorStep:
    """What a loss of the generator may look at in one step of phase 2.

    lr (B, h, w, 3), sr, hr and target (B, scale*h, scale*w, 3): float32 in [0, 255]. target: what SR is to look like,
    which is HR, or HR sharpened.
    features(pictures): VGG19's features by layer. judge(pictures): the discriminator's logits, after its
    update in this step.
    """

    lr: Any
    sr: Any
    hr: Any
    target: Any
    scale: int
    config: FinetuneConfig
    features: Callable[[Any], Mapping[str, Any]]
    judge: Callable[[Any], Any]


# f(GeneratorStep) -> a scalar. The weight of each is in config.finetune.losses; its column is NAME_loss.
GENERATOR_LOSSES: Registry[Callable[[GeneratorStep], Any]] = Registry("loss of the generator")


@GENERATOR_LOSSES.register("content")
def _content(step: GeneratorStep):
    config = step.config
    features, target_features = step.features(step.sr), step.features(step.target)
    return content_loss(
        features, target_features, config.content_layers, config.content_scale, config.content_criterion
    )


@GENERATOR_LOSSES.register("adversarial")
def _adversarial(step: GeneratorStep):
    criterion = GAN_LOSSES[step.config.discriminator_loss]
    return criterion.generator(step.judge(step.sr), lambda: step.judge(step.hr))


@GENERATOR_LOSSES.register("pixel")
def _pixel(step: GeneratorStep):
    """L1 on pixels: it holds colours and small networks in place."""
    return pixel_loss("l1", step.sr, step.target)


@GENERATOR_LOSSES.register("grid")
def _grid(step: GeneratorStep):
    return grid_loss(step.sr, step.hr, step.scale)
