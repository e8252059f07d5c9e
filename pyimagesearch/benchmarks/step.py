"""`srgan benchmark step`: seconds of one GAN step of the preset `tutorial`, ours beside the tutorial's."""

import logging
import statistics
import time
from collections.abc import Callable

import keras
import tensorflow as tf

from pyimagesearch.benchmarks.tutorial import TutorialTraining
from pyimagesearch.config import TrainConfig
from pyimagesearch.errors import InputError
from pyimagesearch.evaluation.scoring import write_json
from pyimagesearch.models import build_discriminator, build_extractor, build_generator, compute_in
from pyimagesearch.presets import get_config
from pyimagesearch.training.phases import build_finetune
from pyimagesearch.training.strategy import choose_precision

logger = logging.getLogger(__name__)

ROUNDS = 12  # the sides take turns: a machine that becomes slower then slows all of them alike


def run(*, precision: str, batch: int, json_path: str | None) -> None:
    """Log the median seconds of each side; write all seconds as JSON."""
    if batch < 1:
        raise InputError(f"`batch` must be at least 1, received {batch}")
    # Random VGG19 weights cost the time that trained ones do.
    config = get_config("tutorial").with_values({"data.batch": batch, "finetune.vgg_weights": "random"})
    chosen = choose_precision(precision, "gpu")
    sides = {
        "ours": _ours(config, chosen),
        "ours_float32": _ours(config, "float32"),
        "tutorial": _tutorials(config),
    }
    crop = config.data.crop
    lr = tf.cast(tf.random.uniform([batch, crop // 4, crop // 4, 3], maxval=256, seed=1), tf.uint8)
    hr = tf.cast(tf.random.uniform([batch, crop, crop, 3], maxval=256, seed=2), tf.uint8)
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for round_number in range(ROUNDS + 2):
        for name, step in sides.items():
            start = time.perf_counter()
            metrics = step(lr, hr)
            float(metrics["loss"])  # waits for the device
            if round_number >= 2:  # the first two trace and warm up
                seconds[name].append(time.perf_counter() - start)
    medians = {name: statistics.median(times) for name, times in seconds.items()}
    logger.info(f"GAN step of the tutorial's networks, batch {batch}, crop {crop}, {ROUNDS} rounds, median:")
    for name, label in (
        ("ours", f"ours, {chosen}"),
        ("ours_float32", "ours, float32"),
        ("tutorial", "tutorial's, float32"),
    ):
        logger.info(
            f"  {label:20} {medians[name]:.3f} s   {medians['tutorial'] / medians[name]:.2f}x the tutorial's speed"
        )
    if json_path:
        sides_json = {name: {"seconds": medians[name], "all_seconds": seconds[name]} for name in sides}
        write_json(json_path, {"precision": chosen, "batch": batch, **sides_json})


def _ours(config: TrainConfig, precision: str) -> Callable:
    with compute_in(precision):
        vgg = build_extractor(config.finetune)
    phase = build_finetune(config, tf.distribute.get_strategy(), precision, vgg, "")
    return tf.function(lambda lr, hr: phase.training.train_step((lr, hr)))


def _tutorials(config: TrainConfig) -> Callable:
    vgg = build_extractor(config.finetune)
    models = build_generator(config), build_discriminator(config)
    optimizers = [keras.optimizers.Adam(config.finetune.rate) for _ in models]
    for optimizer, model in zip(optimizers, models, strict=True):
        optimizer.build(model.trainable_variables)
    training = TutorialTraining(config, *models, vgg, *optimizers)
    return tf.function(training.train_step)
