"""Builds what a phase trains: networks, optimizers, moving average, and the step that uses them."""

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf

from pyimagesearch.config import TrainConfig
from pyimagesearch.errors import InputError
from pyimagesearch.models import build_discriminator, build_generator, compute_in
from pyimagesearch.models.generators.light import deepened
from pyimagesearch.models.loading import generator_scale, load_generator, load_model
from pyimagesearch.training.optimizers import RateSchedule, build_optimizer
from pyimagesearch.training.srgan_training import PretrainTraining, SRGANTraining

Schedule = Callable[[int], float]


@dataclass
class Phase:
    """One of the two phases, ready to be trained."""

    name: str  # "pretrain" or "finetune"
    steps: int
    training: PretrainTraining | SRGANTraining
    rate: Schedule  # the learning rate at a step
    state: dict[str, object]  # what a checkpoint holds beside step and score
    ema: list[tf.Variable]  # moving averages of generator.variables; empty where the preset keeps none
    slowdown: tf.Variable  # factor of the learning rate; below 1 once the losses ran away
    discriminator: keras.Model | None = None

    @property
    def generator(self) -> keras.Model:
        return self.training.generator

    def weights_are_finite(self) -> bool:
        """Whether no weight of the networks is nan or inf."""
        networks = [self.generator, *([self.discriminator] if self.discriminator is not None else [])]
        return all(np.isfinite(weight).all() for network in networks for weight in network.get_weights())


def build_pretrain(config: TrainConfig, strategy: tf.distribute.Strategy, precision: str, start: str = "") -> Phase:
    """Phase 1, with networks and optimizer in the strategy's scope; it starts from the model `start`, if any."""
    keras.utils.set_random_seed(config.seed)
    with strategy.scope():
        with compute_in(precision):
            generator = build_generator(config)
        if start:
            copy_weights(start, generator)
        slowdown = tf.Variable(1.0, trainable=False)
        rate = RateSchedule(config.pretrain.rate, config.pretrain.decay, config.pretrain.steps, slowdown)
        optimizer = build_optimizer(config.optimizer, rate, generator, beta_1=config.adam_beta1, precision=precision)
        ema = _averages(config, generator)
        training = PretrainTraining(config, generator)
        training.compile(optimizer)
    state = {"generator": generator, "optimizer": optimizer, "ema": ema, "slowdown": slowdown}
    return Phase("pretrain", config.pretrain.steps, training, lambda step: float(rate(step)), state, ema, slowdown)


def build_finetune(
    config: TrainConfig, strategy: tf.distribute.Strategy, precision: str, vgg: keras.Model, start: str = "",
    discriminator_start: str = "",
) -> Phase:  # fmt: skip
    """Phase 2; the networks start from the models named so, or from random weights."""
    keras.utils.set_random_seed(config.seed + 1)
    with strategy.scope():
        with compute_in(precision):
            generator, discriminator = build_generator(config), build_discriminator(config)
        if start:
            copy_weights(start, generator)
        if discriminator_start:
            copy_discriminator(discriminator_start, discriminator)
        slowdown = tf.Variable(1.0, trainable=False)
        rate = RateSchedule(config.finetune.rate, config.finetune.decay, config.finetune.steps, slowdown)
        optimizer = build_optimizer(config.optimizer, rate, generator, beta_1=config.adam_beta1, precision=precision)
        discriminator_optimizer = build_optimizer(
            "adam", rate, discriminator, beta_1=config.adam_beta1, precision=precision
        )
        ema = _averages(config, generator)
        training = SRGANTraining(config, generator, discriminator, vgg)
        training.compile(optimizer, discriminator_optimizer)
    state = {
        "generator": generator,
        "discriminator": discriminator,
        "optimizer": optimizer,
        "discriminator_optimizer": discriminator_optimizer,
        "ema": ema,
        "slowdown": slowdown,
    }
    return Phase(
        "finetune", config.finetune.steps, training, lambda step: float(rate(step)), state, ema, slowdown, discriminator
    )


def copy_weights(name: str, generator: keras.Model) -> None:
    """Give `generator` the weights of the model called `name`, or saved there; InputError where they do not fit.

    A `light` also takes those of a `light` of fewer blocks, and computes the same with them (`deepened`). From the same
    network of another scale it takes all but what is particular to the scale.
    """
    trained = load_generator(name)
    weights = trained.get_weights()
    if generator.name == trained.name and generator_scale(trained) != generator_scale(generator):
        weights = of_another_scale(weights, generator.get_weights())
    elif generator.name == trained.name == "light":
        weights = deepened(weights, generator)
    _set_weights(name, generator, weights)


def of_another_scale(trained: list[np.ndarray], own: list[np.ndarray]) -> list[np.ndarray]:
    """`own` weights with those of `trained`, of the same network for another scale, as far as they correspond: from the
    first on until shapes differ, and from the last back. Upsampling stays as it is."""

    def alike(pairs: Iterable[tuple[np.ndarray, np.ndarray]]) -> int:
        return len(list(itertools.takewhile(lambda pair: pair[0].shape == pair[1].shape, pairs)))

    first = alike(zip(trained, own, strict=False))
    last = min(alike(zip(reversed(trained), reversed(own), strict=False)), min(len(trained), len(own)) - first)
    return [*trained[:first], *own[first : len(own) - last], *trained[len(trained) - last :]]


def copy_discriminator(path: str, discriminator: keras.Model) -> None:
    """Give `discriminator` the weights of the one saved there; InputError where they do not fit."""
    _set_weights(path, discriminator, load_model(path).get_weights())


def _set_weights(name: str, network: keras.Model, weights: list[np.ndarray]) -> None:
    there, here = ([tuple(weight.shape) for weight in each] for each in (weights, network.weights))
    if there != here:
        count = sum(int(np.prod(shape)) for shape in there)
        raise InputError(
            f"{name}: holds {count:,} parameters in {len(there)} arrays, but this run's {network.name} has "
            f"{network.count_params():,} in {len(here)}; name a model of the same network, options and crop, or set "
            "the run's to its"
        )
    network.set_weights(weights)


def _averages(config: TrainConfig, generator: keras.Model) -> list[tf.Variable]:
    if not config.ema:
        return []
    return [tf.Variable(keras.ops.convert_to_numpy(variable), trainable=False) for variable in generator.variables]
