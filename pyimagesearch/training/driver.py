"""Runs the steps of a phase: batches, compiled steps, and what happened in them.

The steps are a tf.function over several of them around strategy.run: the one form that gives the same numbers on one
device and on many with Keras 3, whose `fit` does not support all of these strategies.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from pyimagesearch.config import TrainConfig
from pyimagesearch.data.dataset.manifest import Manifest, repair_hint
from pyimagesearch.data.dataset.records import misread_message
from pyimagesearch.data.dataset.verify import verify
from pyimagesearch.data.input.cache import RamCache
from pyimagesearch.data.input.loader import training_batches
from pyimagesearch.errors import InputError
from pyimagesearch.training.phases import Phase
from pyimagesearch.training.signals import StopRequest
from pyimagesearch.training.workers import Workers

CALL_SECONDS = 1.0  # about how long one tf.function call may run: signals and the progress bar wait for it

# (batches, first, count) -> the means of losses and of measures over the steps first, first + 1, ..., and the number of
# steps before the first whose losses were not finite (-1: none).
RunSteps = Callable[[Any, int, int], tuple[dict[str, float], dict[str, float], int]]


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
    losses: dict[str, float]  # means over those steps and the global batch
    measures: dict[str, float]  # the same of what is no loss
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
        self._config = config
        self.strategy, self.workers = strategy, workers
        self._folder, self._manifest, self._cache = folder, manifest, cache
        self._compiled = compiled
        self._batch = _global_batch(config, strategy.num_replicas_in_sync)

    def steps(self, phase: Phase, step: int, stop: StopRequest) -> Iterator[Progress]:
        """Train from `step` to the end, or until a worker is asked to stop. Raises Diverged."""
        config = self._config
        batches = iter(self._batches(phase, step))
        run_steps = compile_steps(self.strategy, phase, config.ema, self._compiled)
        intervals = [
            config.intervals.log_every,
            config.intervals.validate_every,
            config.intervals.sample_every,
            config.intervals.checkpoint_every,
        ]
        per_call, asked = 1, False
        while step < phase.steps and not asked:
            boundary = min([phase.steps, *((step // every + 1) * every for every in intervals)])
            count = min(per_call, boundary - step)
            start = time.perf_counter()
            losses, measures, bad_step = run_steps(batches, step, count)
            if bad_step >= 0:
                raise Diverged(step + bad_step + 1)
            # Workers take calls of the same length and stop after the same step, or they would wait for each other.
            seconds, stopping = self.workers.mean(time.perf_counter() - start, float(stop.received is not None))
            per_call = max(1, min(config.intervals.steps_per_call, 2 * count, round(CALL_SECONDS * count / seconds)))
            step, asked = step + count, stopping > 0
            # An update can spoil the weights after losses that were fine: nothing to go back to must be made of them.
            every = (config.intervals.checkpoint_every, config.intervals.validate_every)
            saved = asked or step == phase.steps or any(step % interval == 0 for interval in every)
            if saved and not phase.weights_are_finite():
                raise Diverged(step)
            yield Progress(step, count, seconds, losses, measures, asked)

    def bad_records(self, error: tf.errors.OpError) -> str | None:
        """Say what is wrong with the records, after an error of TensorFlow, which names no file.

        None if they are good and the error may have another cause: a checksum that does not hold has none.
        """
        problems = verify(self._folder, self._manifest)
        if problems:
            return f"{problems[0]}; {repair_hint(self._folder)}"
        return misread_message(self._folder) if isinstance(error, tf.errors.DataLossError) else None

    def _batches(self, phase: Phase, step: int) -> tf.distribute.DistributedDataset:
        config = self._config

        def of_host(context: tf.distribute.InputContext) -> tf.data.Dataset:
            return training_batches(
                self._folder, self._manifest, crop=config.data.crop, batch=self._batch,
                seed=config.seed + (phase.name == "finetune"), start_step=step, hosts=context.num_input_pipelines,
                host=context.input_pipeline_id, part=context.get_per_replica_batch_size(self._batch),
                cache=self._cache, augment=config.data.augment, degradations=config.data.degradations,
            )  # fmt: skip

        return self.strategy.distribute_datasets_from_function(of_host)


def _global_batch(config: TrainConfig, replicas: int) -> int:
    batch = config.data.global_batch or config.data.batch * replicas
    if batch % replicas:
        raise InputError(f"`data.global_batch` {batch} cannot be shared by {replicas} replicas; make it a multiple")
    return batch


def compile_steps(strategy: tf.distribute.Strategy, phase: Phase, decay: float, compiled: bool) -> RunSteps:
    """The function that trains several steps in one call. compiled: by XLA."""
    step = phase.training.step
    losses: list[str] = []  # names of a step's values, known once it is traced
    measures: list[str] = []

    @tf.autograph.experimental.do_not_convert  # as in Keras' fit: a step is TensorFlow's operations, and traces sooner
    def flat_step(lr, hr):
        """All values of a step as one tensor, the losses first."""
        values = step(lr, hr)
        losses[:], measures[:] = values.losses, values.measures
        return tf.stack([*values.losses.values(), *values.measures.values()])

    train_step = tf.function(flat_step, jit_compile=True) if compiled else flat_step
    averaged = [variable.value for variable in phase.generator.variables]

    @tf.autograph.experimental.do_not_convert
    def update_average(average: tf.Variable, variable: tf.Variable, keep: tf.Tensor) -> None:
        average.assign(keep * average + (1.0 - keep) * variable)

    @tf.function
    def run_steps(batches, first, count):
        totals, bad_step = tf.zeros([1]), tf.constant(-1)
        for index in tf.range(count):
            # How many values a step has is known after it is traced: at first one zero stands for all of them.
            tf.autograph.experimental.set_loop_options(shape_invariants=[(totals, tf.TensorShape([None]))])
            values = strategy.reduce("SUM", strategy.run(train_step, args=next(batches)), axis=None)
            # Few steps are averaged over few: otherwise short runs would keep the weights that they began with.
            done = tf.cast(first + index, tf.float32)
            keep = tf.minimum(decay, (1.0 + done) / (10.0 + done))
            for average, variable in zip(phase.ema, averaged, strict=False):
                strategy.extended.update(average, update_average, args=(variable, keep))
            totals += values
            finite = tf.reduce_all(tf.math.is_finite(values[: len(losses)]))
            bad_step = tf.where(finite | (bad_step >= 0), bad_step, index)
        return totals / tf.cast(count, tf.float32), bad_step

    def run(batches, first, count):
        vector, bad_step = run_steps(batches, tf.constant(first), tf.constant(count))
        means = vector.numpy().tolist()
        return (
            dict(zip(losses, means, strict=False)),
            dict(zip(measures, means[len(losses) :], strict=True)),
            int(bad_step),
        )

    return run
