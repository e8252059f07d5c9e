"""How far around a pixel a network looks: tiles overlap by so much, so that they join without a seam."""

import dataclasses

import keras
import numpy as np
import tensorflow as tf

from pyimagesearch.errors import InputError
from pyimagesearch.models import GENERATORS

SIDES = (96, 192, 384)  # LR pixels a side of the probes; multiples of every period
PERIODS = (1, 2, 3, 4, 6, 8, 12, 16)
DRAWS = 2  # random pictures, since a ReLU may be closed for one of them
SAME = 1e-3  # levels of 255 between two results that count as equal


@dataclasses.dataclass(frozen=True)
class ReceptiveField:
    """What decides how a picture may be cut.

    pixels: LR pixels around a pixel that its SR pixels depend on, at most.
    period: tiles have to begin at multiples of so many LR pixels; 1 unless the network has strides.
    """

    pixels: int
    period: int = 1


def receptive_field(model: keras.Model, scale: int) -> ReceptiveField:
    """The receptive field that a network declares, or else the measured one.

    A network declares it at its registration.
    Raises InputError where it can be neither known nor measured.
    """
    declared = GENERATORS[model.name].receptive_field if model.name in GENERATORS else None
    return ReceptiveField(declared(model)) if declared else measure(model, scale)


def measure(model: keras.Model, scale: int) -> ReceptiveField:
    """The receptive field of a network, by gradients on random pictures.

    Raises InputError where the field reaches the border of the largest probe, where no shift of the picture shifts
    the result, and where there is no gradient.
    """
    model = _without_zeros(model)
    for side in SIDES:
        if _reach(model, scale, side, 1) is None:
            continue
        period = _period(model, scale, side)
        if period is None:
            continue
        pixels = _reach(model, scale, side, period)
        if pixels is not None:
            return ReceptiveField(pixels, period)
    raise InputError(
        f"the network {model.name} looks more than {SIDES[-1] // 2 - PERIODS[-1]} pixels around each pixel, or its "
        "result does not follow a shift of the picture; tiles of it would not join"
    )


def _without_zeros(model: keras.Model) -> keras.Model:
    """A copy whose weights that start at zero are random, since those of an untrained network may hide its reach.

    Keras copies functional models; any other is measured as it is.
    """
    try:
        copy = keras.models.clone_model(model)
    except ValueError:
        return model
    draw = np.random.default_rng(0).normal
    copy.set_weights([weights if weights.any() else draw(0, 0.1, weights.shape) for weights in model.get_weights()])
    return copy


def _reach(model: keras.Model, scale: int, side: int, period: int) -> int | None:
    """How far the gradient of the middle block of `period` pixels reaches; None where it reaches the border."""
    middle = side // 2 // period * period
    block = slice(middle * scale, (middle + period) * scale)
    reach = 0
    for seed in range(DRAWS):
        lr = tf.constant(_random(side, seed))
        with tf.GradientTape() as tape:
            tape.watch(lr)
            sr = model(lr, training=False)[:, block, block]
            weights = np.random.default_rng(seed).normal(size=sr.shape)  # so that gradients do not cancel out
            value = tf.reduce_sum(sr * tf.constant(weights, sr.dtype))
        gradient = tape.gradient(value, lr)
        if gradient is None or not np.any(gradient):
            raise InputError(f"the network {model.name} has no gradient, by which to measure how far it looks around")
        places = np.argwhere(gradient.numpy()[0].any(axis=-1))
        if places.min() == 0 or places.max() == side - 1:
            return None
        reach = max(reach, middle - places.min(), places.max() - (middle + period - 1))
    return int(reach)


def _period(model: keras.Model, scale: int, side: int) -> int | None:
    """The least shift of the picture that shifts the middle of the result as far; None where there is none."""
    lr = _random(side, DRAWS)
    middle, margin = side // 2, max(PERIODS)
    whole = np.asarray(model(lr, training=False))
    expected = whole[:, scale * middle : scale * (middle + margin), scale * middle : scale * (middle + margin)]
    for period in PERIODS:
        try:
            sr = np.asarray(model(lr[:, period:, period:], training=False))
        except (ValueError, tf.errors.InvalidArgumentError):  # it takes no pictures of this size
            continue
        if sr.shape[1:3] != (scale * (side - period),) * 2:
            continue
        start = scale * (middle - period)
        sr = sr[:, start : start + scale * margin, start : start + scale * margin]
        if np.abs(sr - expected).max() <= SAME * max(1.0, np.abs(expected).max() / 255):
            return period
    return None


def _random(side: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0, 255, (1, side, side, 3)).astype(np.float32)
