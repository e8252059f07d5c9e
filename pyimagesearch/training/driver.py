"""Runs the steps of a phase: batches, compiled steps, and what happened in them.

The steps are a tf.function over several of them around strategy.run: the one form that gives the same numbers on one
device and on many with Keras 3, whose `fit` does not support all of these strategies.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import tensorflow as tf

from pyimagesearch.config import TrainConfig
from pyimagesearch.data.dataset.manifest import Manifest
from pyimagesearch.data.input.cache import RamCache
from pyimagesearch.data.input.loader import training_batches
from pyimagesearch.errors import InputError
from pyimagesearch.training.phases import Phase
from pyimagesearch.training.signals import StopRequest
from pyimagesearch.training.workers import Workers

CALL_SECONDS = 1.0  # about how long one tf.function call may run: signals and the progress bar wait for it


class Diverged(Exception):
    """The losses of a step were not finite, or the weights that were to be saved after it."""

    def __init__(self, step: int):
        super().__init__(f"step {step}")
        self.step = step


@dataclass(frozen=True)
class Progress:
    """What one call of the compiled function did."""

    step: int  # reached
    count: int  # how many it took
    seconds: float
    metrics: dict[str, float]  # means over those steps and the global batch
    stop: bool  # some worker was asked to stop: this is the last call


class Driver:
    """Trains phases on the batches of one dataset folder."""

    def __init__(
        self,
        config: TrainConfig,
        strategy: tf.distribute.Strategy,
        workers: Workers,
        *,
        folder: str,
        manifest: Manifest,
        cache: RamCache | None,
        compiled: bool,
    ):
        self._config, self._strategy, self._workers = config, strategy, workers
        self._folder, self._manifest, self._cache = folder, manifest, cache
        self._compiled = compiled
        self._batch = _global_batch(config, strategy.num_replicas_in_sync)

    def steps(self, phase: Phase, step: int, stop: StopRequest) -> Iterator[Progress]:
        """Train from `step` to the end, or until a worker is asked to stop. Raises Diverged."""
        config = self._config
        batches = iter(self._batches(phase, step))
        run_steps = _compile(self._strategy, phase, config.ema, self._compiled)
        intervals = [config.log_every, config.validate_every, config.sample_every, config.checkpoint_every]
        per_call, asked = 1, False
        while step < phase.steps and not asked:
            boundary = min([phase.steps, *((step // every + 1) * every for every in intervals)])
            count = min(per_call, boundary - step)
            start = time.perf_counter()
            means, bad_step = run_steps(batches, tf.constant(step), tf.constant(count))
            metrics = {name: float(value) for name, value in means.items()}
            if bad_step >= 0:
                raise Diverged(step + int(bad_step) + 1)
            # Workers take calls of the same length and stop after the same step, or they would wait for each other.
            seconds, stopping = self._workers.mean(time.perf_counter() - start, float(stop.received is not None))
            per_call = max(1, min(config.steps_per_call, 2 * count, round(CALL_SECONDS * count / seconds)))
            step, asked = step + count, stopping > 0
            # An update can spoil the weights after losses that were fine: nothing to go back to must be made of them.
            every = (config.checkpoint_every, config.validate_every)
            saved = asked or step == phase.steps or any(step % interval == 0 for interval in every)
            if saved and not phase.weights_are_finite():
                raise Diverged(step)
            yield Progress(step, count, seconds, metrics, asked)

    def _batches(self, phase: Phase, step: int) -> tf.distribute.DistributedDataset:
        config = self._config

        def of_host(context: tf.distribute.InputContext) -> tf.data.Dataset:
            return training_batches(
                self._folder, self._manifest, crop=config.crop, batch=self._batch,
                seed=config.seed + (phase.name == "finetune"), start_step=step, hosts=context.num_input_pipelines,
                host=context.input_pipeline_id, part=context.get_per_replica_batch_size(self._batch),
                cache=self._cache, augment=config.augment,
            )  # fmt: skip

        return self._strategy.distribute_datasets_from_function(of_host)


def _global_batch(config: TrainConfig, replicas: int) -> int:
    batch = config.global_batch or config.batch * replicas
    if batch % replicas:
        raise InputError(f"global_batch {batch} cannot be shared by {replicas} replicas; make it a multiple")
    return batch


def _compile(strategy: tf.distribute.Strategy, phase: Phase, decay: float, compiled: bool) -> Callable:
    """A function of (batches, first, count) that trains the steps first, first + 1, ...; gives mean metrics and the
    number of steps before the first whose losses were not finite (-1: none)."""
    training, averaged = phase.training, [variable.value for variable in phase.generator.variables]
    train_step = tf.function(training.train_step, jit_compile=True) if compiled else training.train_step

    def update_average(average: tf.Variable, variable: tf.Variable, keep: tf.Tensor) -> None:
        average.assign(keep * average + (1.0 - keep) * variable)

    @tf.function
    def run_steps(batches, first, count):
        totals = {name: tf.constant(0.0) for name in training.METRICS}
        bad_step = tf.constant(-1)
        for index in tf.range(count):
            per_replica = strategy.run(train_step, args=next(batches))
            metrics = {name: strategy.reduce("SUM", per_replica[name], axis=None) for name in training.METRICS}
            # Few steps are averaged over few: otherwise short runs would keep the weights that they began with.
            done = tf.cast(first + index, tf.float32)
            keep = tf.minimum(decay, (1.0 + done) / (10.0 + done))
            for average, variable in zip(phase.ema, averaged, strict=False):
                strategy.extended.update(average, update_average, args=(variable, keep))
            totals = {name: totals[name] + metrics[name] for name in training.METRICS}
            finite = tf.math.is_finite(tf.add_n([metrics[name] for name in training.METRICS if "loss" in name]))
            bad_step = tf.where(finite | (bad_step >= 0), bad_step, index)
        return {name: total / tf.cast(count, tf.float32) for name, total in totals.items()}, bad_step

    return run_steps
