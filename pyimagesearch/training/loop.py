"""Runs both phases: resume, steps, intervals, checkpoints, models.

The loop is a tf.function over several steps around strategy.run: the one form that gives the same numbers on one
device and on many with Keras 3, whose `fit` does not support all of these strategies.
"""

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import keras
import tensorflow as tf

from pyimagesearch.config import TrainConfig
from pyimagesearch.data.cache import RamCache
from pyimagesearch.data.loader import training_batches
from pyimagesearch.data.manifest import Manifest, check_usable, read_manifest
from pyimagesearch.data.pairs import Pair
from pyimagesearch.data.records import corrupt_message, read_pictures
from pyimagesearch.errors import Interrupted, RunError, UserError
from pyimagesearch.evaluation import check_size
from pyimagesearch.files import join
from pyimagesearch.models import build_discriminator, build_generator, build_vgg, compute_in, weights_identity
from pyimagesearch.training.checkpoints import PhaseCheckpoints
from pyimagesearch.training.monitor import Monitor
from pyimagesearch.training.phases import Phase, build_finetune, build_pretrain
from pyimagesearch.training.run_folder import DISCRIMINATOR, GENERATOR, PRETRAINED, RunFolder
from pyimagesearch.training.signals import StopRequest, stop_requests

CALL_SECONDS = 1.0  # about how long one tf.function call may run: signals and the progress bar wait for it


class Trainer:
    """One run: a configuration, its records, a strategy and a run folder."""

    def __init__(
        self,
        config: TrainConfig,
        *,
        tfrecords: str,
        output: str,
        strategy: tf.distribute.Strategy,
        precision: str,
        cache: str = "none",
        say: Callable[[str], None] = print,
    ):
        self.config, self.strategy, self.precision, self.say = config, strategy, precision, say
        self.tfrecords = tfrecords
        self.manifest = read_manifest(tfrecords)
        check_usable(tfrecords, self.manifest, scale=config.scale, crop=config.crop)
        if precision == "float16" and strategy.num_replicas_in_sync > 1:
            raise UserError("--precision float16: not supported on several devices; use bfloat16 or float32")
        # Phase 2's weights are looked for now, not after hours of phase 1.
        self.vgg = self._build_vgg() if config.finetune_steps else None
        self.pairs = self._validation_pictures()
        self.run_folder = RunFolder(output)
        self.twin = build_generator(config)  # float32, outside the strategy: validates, and is what gets saved
        self.run_folder.check_disk(self._disk_bytes())
        self.run_folder.claim(self._identity())
        self.cache = RamCache(tfrecords, self.manifest) if cache == "ram" else None

    def _build_vgg(self) -> keras.Model:
        with self.strategy.scope(), compute_in(self.precision):
            return build_vgg(self.config.content_layer, self.config.vgg_weights)

    def _disk_bytes(self) -> int:
        """What checkpoints and models take: each weight in 4 bytes, with two moments of Adam and, maybe, an average."""
        discriminator = build_discriminator(self.config).count_params() if self.config.finetune_steps else 0
        generator, kept = self.twin.count_params(), self.config.keep_checkpoints + 1
        return 16 * kept * (2 * generator + discriminator) + 50_000_000

    def _validation_pictures(self) -> list[Pair]:
        pairs = list(read_pictures(self.tfrecords, self.manifest, self.config.validation_pictures))
        for pair in pairs:
            check_size(pair, self.config.scale)
        return pairs

    def _identity(self) -> dict[str, Any]:
        return {
            "config": self.config.to_dict(),
            "tfrecords": self.tfrecords,
            "dataset": _fingerprint(self.manifest),
            "vgg": weights_identity(self.config.vgg_weights) if self.config.finetune_steps else None,
            "precision": self.precision,
            "replicas": self.strategy.num_replicas_in_sync,
        }

    def run(self) -> None:
        """Train both phases, or what is left of them."""
        config, folder = self.config, self.run_folder
        pretrained = folder.model_path(PRETRAINED)
        with stop_requests() as stop:
            if config.pretrain_steps:
                self._run_phase(build_pretrain(config, self.strategy, self.precision), stop)
            if config.finetune_steps:
                assert self.vgg is not None
                if config.pretrain_steps and not tf.io.gfile.exists(pretrained):
                    raise UserError(f"{pretrained}: phase 1 is finished, but its model is gone; give another --output")
                start = pretrained if config.pretrain_steps else None
                self._run_phase(build_finetune(config, self.strategy, self.precision, self.vgg, start), stop)

    def _run_phase(self, phase: Phase, stop: StopRequest) -> None:
        saved = PhaseCheckpoints(self.run_folder, phase, self.config.keep_checkpoints, self.say)
        first = saved.restore()
        if first >= phase.steps:
            self.say(f"{phase.name} is finished: {first} of {phase.steps} steps")
            return
        self.say(f"Resuming {phase.name} at step {first}" if first else f"Starting {phase.name}: {phase.steps} steps")
        monitor = Monitor(self.run_folder, phase, self.pairs, self.twin, self.config.scale, first)
        try:
            if first == 0:
                monitor.graphs()
            for step, count, seconds, metrics in self._steps(phase, first):
                monitor.add(metrics, count, seconds)
                self._at_interval(phase, step, monitor, saved)
                if stop.received:
                    monitor.log(step)  # the means since the last row, which no checkpoint holds
                    self._save(phase, step, saved)
                    raise Interrupted(
                        f"Stopped by {stop.received.name} at step {step} of {phase.name}, which is saved; "
                        "the same command goes on from there",
                        stop.exit_code,
                    )
        except tf.errors.DataLossError:
            paths = [join(self.tfrecords, shard.path) for shard in self.manifest.of_split("train")]
            raise UserError(corrupt_message(self.tfrecords, paths)) from None
        finally:
            monitor.close()

    def _at_interval(self, phase: Phase, step: int, monitor: Monitor, saved: PhaseCheckpoints) -> None:
        config, last = self.config, step == phase.steps
        due = {name: last or step % getattr(config, f"{name}_every") == 0
               for name in ("log", "validate", "sample", "checkpoint")}  # fmt: skip
        if due["log"]:
            monitor.log(step)
        if due["validate"] or due["sample"]:
            _fill(self.twin, phase)
        if due["validate"]:
            score = monitor.validate(step)
            if phase.name == "pretrain" and saved.improves(score):
                self.run_folder.save_model(self.twin, PRETRAINED)
        if due["sample"]:
            monitor.sample(step)
        if due["checkpoint"]:
            self._save(phase, step, saved)

    def _save(self, phase: Phase, step: int, saved: PhaseCheckpoints) -> None:
        """Save the phase's models and then the checkpoint that vouches for them."""
        _fill(self.twin, phase)
        if phase.discriminator is not None:
            self.run_folder.save_model(self.twin, GENERATOR)
            judge = build_discriminator(self.config)
            judge.set_weights(phase.discriminator.get_weights())
            self.run_folder.save_model(judge, DISCRIMINATOR)
        elif not tf.io.gfile.exists(self.run_folder.model_path(PRETRAINED)):
            self.run_folder.save_model(self.twin, PRETRAINED)  # until a validation finds the best
        saved.save(step)

    def _steps(self, phase: Phase, step: int) -> Iterator[tuple[int, int, float, dict[str, float]]]:
        """Train from `step` to the end; yields the step reached, how many it took, their seconds and mean metrics."""
        config = self.config
        batches = iter(self._batches(phase, step))
        run_steps = _compile(self.strategy, phase, config.ema)
        intervals = [config.log_every, config.validate_every, config.sample_every, config.checkpoint_every]
        per_call = 1
        while step < phase.steps:
            boundary = min([phase.steps, *((step // every + 1) * every for every in intervals)])
            count = min(per_call, boundary - step)
            start = time.perf_counter()
            means, bad_step = run_steps(batches, tf.constant(step), tf.constant(count))
            metrics = {name: float(value) for name, value in means.items()}
            seconds = time.perf_counter() - start
            if bad_step >= 0:
                raise RunError(_diverged(phase, step + int(bad_step) + 1, config))
            per_call = max(1, min(config.steps_per_call, 2 * count, round(CALL_SECONDS * count / seconds)))
            step += count
            yield step, count, seconds, metrics

    def _batches(self, phase: Phase, step: int) -> tf.distribute.DistributedDataset:
        config = self.config
        batch = config.batch * self.strategy.num_replicas_in_sync

        def of_host(context: tf.distribute.InputContext) -> tf.data.Dataset:
            return training_batches(
                self.tfrecords, self.manifest, crop=config.crop, batch=batch,
                seed=config.seed + (phase.name == "finetune"), start_step=step, hosts=context.num_input_pipelines,
                host=context.input_pipeline_id, part=context.get_per_replica_batch_size(batch), cache=self.cache,
            )  # fmt: skip

        return self.strategy.distribute_datasets_from_function(of_host)


def _compile(strategy: tf.distribute.Strategy, phase: Phase, decay: float) -> Callable:
    """A function of (batches, first, count) that trains the steps first, first + 1, ...; gives mean metrics and the
    number of steps before the first whose losses were not finite (-1: none)."""
    training, averaged = phase.training, [variable.value for variable in phase.generator.variables]

    def update_average(average: tf.Variable, variable: tf.Variable, keep: tf.Tensor) -> None:
        average.assign(keep * average + (1.0 - keep) * variable)

    @tf.function
    def run_steps(batches, first, count):
        totals = {name: tf.constant(0.0) for name in training.METRICS}
        bad_step = tf.constant(-1)
        for index in tf.range(count):
            per_replica = strategy.run(training.train_step, args=next(batches))
            metrics = {name: strategy.reduce("SUM", per_replica[name], axis=None) for name in training.METRICS}
            # Few steps are averaged over few: otherwise short runs would keep the weights that they began with.
            done = tf.cast(first + index, tf.float32)
            keep = tf.minimum(decay, (1.0 + done) / (10.0 + done))
            for average, variable in zip(phase.ema, averaged, strict=False):
                strategy.extended.update(average, update_average, args=(variable, keep))
            totals = {name: totals[name] + metrics[name] for name in training.METRICS}
            finite = tf.math.is_finite(tf.add_n([metrics[name] for name in training.METRICS]))
            bad_step = tf.where(finite | (bad_step >= 0), bad_step, index)
        return {name: total / tf.cast(count, tf.float32) for name, total in totals.items()}, bad_step

    return run_steps


def _fill(twin: keras.Model, phase: Phase) -> None:
    """Give `twin` the weights to judge and to ship: the moving average where there is one."""
    values = [average.numpy() for average in phase.ema] or phase.generator.get_weights()
    twin.set_weights(values)


def _diverged(phase: Phase, step: int, config: TrainConfig) -> str:
    field = f"{phase.name}_rate"
    return (
        f"step {step} of {phase.name}: the losses are not finite (nan or inf), so the run stops; "
        f"lower --set {field}={getattr(config, field)}, or pass --precision float32, with another --output"
    )


def _fingerprint(manifest: Manifest) -> str:
    """What tells one dataset from another: its shards' hashes."""
    return hashlib.sha256(json.dumps([shard.sha256 for shard in manifest.shards]).encode()).hexdigest()
