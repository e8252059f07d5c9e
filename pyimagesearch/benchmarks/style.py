"""`srgan benchmark style`: seconds until ours reaches the loss to which a transfer as the cookbook writes it comes.

All sides have the same pictures, network, weights and loss, and take their steps in turn: a machine that becomes slower
slows all of them alike.
"""

import logging
import time
from collections.abc import Iterator

import keras
import numpy as np
import tensorflow as tf

from pyimagesearch.art.float_pictures import fitted_sides, floats
from pyimagesearch.art.style_settings import OPTIMIZERS, StyleSettings, check_count
from pyimagesearch.art.style_transfer import StyleTransferrer
from pyimagesearch.errors import InputError
from pyimagesearch.evaluation.scoring import write_json
from pyimagesearch.system import console

logger = logging.getLogger(__name__)

LEAST = 64  # pixels of the longest side
SOURCE = "source"
Curve = list[tuple[float, float]]  # the loss before each step, and the seconds of all steps so far


class SourceTransfer:
    """The cookbook's transfer: run eagerly, Adam on a variable that is clipped after each step.

    Its two faults beside that are left out: it saved 8 bits by truncation, and built its network anew for each picture.
    """

    def __init__(self, extractor: keras.Model, style: np.ndarray, content: np.ndarray, settings: StyleSettings):
        """style, content: float32 (H, W, 3) in [0, 1]."""
        self._extractor, self._settings = extractor, settings
        self._grams = self._features(tf.constant(style[None]))[0]
        self._content = self._features(tf.constant(content[None]))[1]
        self._picture = tf.Variable(content[None])
        self._optimizer = keras.optimizers.Adam(2e-2, beta_1=0.99, epsilon=0.1)

    @property
    def picture(self) -> np.ndarray:
        """The picture so far, float32 (H, W, 3)."""
        return self._picture.numpy()[0]

    def step(self) -> float:
        """One step; the loss before it."""
        with tf.GradientTape() as tape:
            loss = self._loss(*self._features(self._picture))
        self._optimizer.apply([tape.gradient(loss, self._picture)], [self._picture])
        self._picture.assign(tf.clip_by_value(self._picture, 0.0, 1.0))
        return float(loss)

    def _features(self, picture: tf.Tensor) -> tuple[dict, dict]:
        maps = self._extractor(picture * 255.0)
        grams = {}
        for name in self._settings.style_layers:
            places = tf.cast(tf.shape(maps[name])[1] * tf.shape(maps[name])[2], tf.float32)
            grams[name] = tf.einsum("bijc,bijd->bcd", maps[name], maps[name]) / places
        return grams, {name: maps[name] for name in self._settings.content_layers}

    def _loss(self, grams: dict, content: dict) -> tf.Tensor:
        style_error = tf.add_n([tf.reduce_mean((grams[name] - self._grams[name]) ** 2) for name in grams])
        content_error = tf.add_n([tf.reduce_mean((content[name] - self._content[name]) ** 2) for name in content])
        return (
            self._settings.style_weight / len(grams) * style_error
            + self._settings.content_weight / len(content) * content_error
        )


def run(*, size: int, steps: int, weights: str, json_path: str | None) -> None:
    """Log and write, for each of our optimizers, the steps and seconds to the loss that the source's has at its end."""
    check_count("steps", steps)
    if size < LEAST:
        raise InputError(f"`size` must be at least {LEAST}, received {size}")
    curves = _curves(size, steps, weights)
    target, seconds = curves[SOURCE][-1]
    logger.info(f"Style transfer, longest side {size}, until the loss that the source's has after {steps} steps:")
    logger.info(f"  source's, eager Adam   {steps:4} steps  {seconds:7.1f} s   loss {target:.4g}")
    sides = {}
    for name in OPTIMIZERS:
        reached = _reached(curves[name], target)
        spent = curves[name][(reached or len(curves[name])) - 1][1]
        sides[name] = {"steps": reached, "seconds": spent, "speed": seconds / spent if reached else None}
        said = (
            f"{seconds / spent:.2f}x the source's speed" if reached else f"loss {curves[name][-1][0]:.4g}: not reached"
        )
        logger.info(f"  ours, {name:6} compiled {reached or len(curves[name]):4} steps  {spent:7.1f} s   {said}")
    if json_path:
        source = {"steps": steps, "seconds": seconds, "loss": target}
        lists = {name: [{"loss": loss, "seconds": at} for loss, at in curve] for name, curve in curves.items()}
        write_json(json_path, {"size": size, SOURCE: source, **sides, "curves": lists})


def _curves(size: int, steps: int, weights: str) -> dict[str, Curve]:
    """Of each side after each step. The source's takes `steps`; ours may take twice as many to come to its loss."""
    sides = _sides(size, 2 * steps, weights)
    curves: dict[str, Curve] = {name: [] for name in sides}
    for number in console.progress(range(2 * steps), total=2 * steps, label="style transfer", unit="round"):
        for name, losses in sides.items():
            done = number >= steps and (name == SOURCE or _reached(curves[name], curves[SOURCE][-1][0]))
            if not done:
                start = time.perf_counter()
                loss = next(losses)
                before = curves[name][-1][1] if number else 0.0
                curves[name].append((loss, before + time.perf_counter() - start))
    return curves


def _reached(curve: Curve, target: float) -> int | None:
    """The first step, from 1 on, whose loss is at most `target`."""
    return next((number for number, (loss, _) in enumerate(curve, 1) if loss <= target), None)


def _sides(size: int, steps: int, weights: str) -> dict[str, Iterator[float]]:
    """The losses of each side, one for each step. The first of each has all that comes before it, such as compiling."""
    from skimage import data

    settings = StyleSettings(epochs=1, steps_per_epoch=steps, size=size, coarsest=size, weights=weights)
    transferrers = {name: StyleTransferrer(**vars(settings)) for name in (SOURCE, *OPTIMIZERS)}  # each compiles its own
    pictures = [data.coffee(), data.astronaut()]  # style and content

    def ours(optimizer: str) -> Iterator[float]:
        plan = transferrers[optimizer].plan(*pictures, optimizer=optimizer)
        yield from (snapshot.loss for snapshot in plan.steps())

    def sources() -> Iterator[float]:
        style, content = (_fitted(picture, size) for picture in pictures)
        source = SourceTransfer(transferrers[SOURCE].extractor, style, content, settings)
        while True:
            yield source.step()

    return {SOURCE: sources(), **{name: ours(name) for name in OPTIMIZERS}}


def _fitted(picture: np.ndarray, size: int) -> np.ndarray:
    height, width = fitted_sides(picture.shape[0], picture.shape[1], size)
    return floats(picture, height, width)
