"""Runs both phases: resume, intervals, models, checkpoints, and a way back when the losses run away."""

import hashlib
import json
from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from pyimagesearch.config import TrainConfig
from pyimagesearch.data.dataset.manifest import Manifest, check_usable, read_manifest
from pyimagesearch.data.dataset.records import corrupt_message, read_pictures
from pyimagesearch.data.input.cache import RamCache
from pyimagesearch.data.pairs import Pair
from pyimagesearch.errors import InputError, Interrupted, RunError
from pyimagesearch.evaluation.scoring import check_size
from pyimagesearch.models import build_discriminator, build_generator, build_vgg, compute_in, weights_identity
from pyimagesearch.system.files import exists, join
from pyimagesearch.training.checkpoints import PhaseCheckpoints
from pyimagesearch.training.driver import Diverged, Driver
from pyimagesearch.training.monitor import Monitor
from pyimagesearch.training.phases import Phase, build_finetune, build_pretrain, copy_weights
from pyimagesearch.training.run_folder import DISCRIMINATOR, GENERATOR, PRETRAINED, RunFolder
from pyimagesearch.training.signals import StopRequest, stop_requests
from pyimagesearch.training.strategy import validation_device
from pyimagesearch.training.workers import Workers

SLOWER = 0.5  # of the learning rate, after the losses ran away


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
        compiled: bool = False,
        cache: str = "none",
        say: Callable[[str], None] = print,
    ):
        self.config, self.strategy, self.precision, self.say = config, strategy, precision, say
        self.tfrecords = tfrecords
        self.manifest = read_manifest(tfrecords)
        check_usable(tfrecords, self.manifest, scale=config.scale, crop=config.crop)
        self.workers = Workers(strategy)
        # Phase 2's weights are looked for now, not after hours of phase 1.
        self.vgg = self._build_vgg() if config.finetune_steps else None
        self.pairs = self._validation_pictures()
        self.run_folder = RunFolder(output)
        with tf.device(validation_device(strategy)):
            self.twin = build_generator(config)  # float32, outside the strategy: validates, and is what gets saved
        if config.start:
            copy_weights(config.start, self.twin)  # refused now, if at all
        self.run_folder.check_disk(self._disk_bytes())
        self.run_folder.claim(self._identity(), write=self.workers.writes)
        self.driver = Driver(
            config, strategy, self.workers, folder=tfrecords, manifest=self.manifest, compiled=compiled,
            cache=RamCache(tfrecords, self.manifest) if cache == "ram" else None,
        )  # fmt: skip

    def _build_vgg(self) -> keras.Model:
        with self.strategy.scope(), compute_in(self.precision):
            return build_vgg([*self.config.content_layers], self.config.vgg_weights, self.config.content_input)

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
        with stop_requests() as stop, self.workers.loss_is_said():
            if config.pretrain_steps:
                self._run_phase(build_pretrain(config, self.strategy, self.precision), stop)
            if config.finetune_steps:
                assert self.vgg is not None
                if config.pretrain_steps and not exists(pretrained):
                    raise InputError(f"{pretrained}: phase 1 is finished, but its model is gone; give another --output")
                start = pretrained if config.pretrain_steps else config.start
                self._run_phase(build_finetune(config, self.strategy, self.precision, self.vgg, start), stop)

    def _run_phase(self, phase: Phase, stop: StopRequest) -> None:
        saved = PhaseCheckpoints(self.run_folder, phase, self.config.keep_checkpoints, self.say)
        first = self._restore(saved)
        if first >= phase.steps:
            self.say(f"{phase.name} is finished: {first} of {phase.steps} steps")
            return
        self.say(f"Resuming {phase.name} at step {first}" if first else f"Starting {phase.name}: {phase.steps} steps")
        while first < phase.steps:
            try:
                self._train(phase, first, saved, stop)
                break
            except Diverged as error:
                first = self._slow_down(phase, saved, error)
            except tf.errors.DataLossError:
                paths = [join(self.tfrecords, shard.path) for shard in self.manifest.of_split("train")]
                raise InputError(corrupt_message(self.tfrecords, paths)) from None
        self.workers.mean(0.0)  # nobody goes on before this phase's models are written

    def _restore(self, saved: PhaseCheckpoints) -> int:
        first = saved.restore()
        (mean,) = self.workers.mean(first)
        if mean != first:
            raise InputError(
                f"--output {self.run_folder.path}: the workers find different checkpoints there (step {first} here); "
                "it has to be a folder that all of them share, such as gs://bucket/folder"
            )
        return first

    def _train(self, phase: Phase, first: int, saved: PhaseCheckpoints, stop: StopRequest) -> None:
        """Train from step `first` to the end; the worker that writes follows with logs, models and checkpoints."""
        monitor = self._monitor(phase, first) if self.workers.writes else None
        try:
            if monitor and first == 0:
                monitor.graphs()
                saved.save(0)  # the way back, should the losses run away before any other
            for progress in self.driver.steps(phase, first, stop):
                if monitor:
                    monitor.add(progress.metrics, progress.count, progress.seconds)
                    self._at_interval(phase, progress.step, monitor, saved)
                if progress.stop:
                    if monitor:
                        monitor.log(progress.step)  # the means since the last row, which no checkpoint holds
                        self._save(phase, progress.step, saved)
                    raise Interrupted(
                        f"Stopped by {stop.name} at step {progress.step} of {phase.name}, which is saved; "
                        "the same command goes on from there",
                        stop.exit_code,
                    )
        finally:
            if monitor:
                monitor.close()

    def _monitor(self, phase: Phase, first: int) -> Monitor:
        return Monitor(
            self.run_folder, phase, self.pairs, self.twin, scale=self.config.scale, step=first,
            device=validation_device(self.strategy),
        )  # fmt: skip

    def _slow_down(self, phase: Phase, saved: PhaseCheckpoints, error: Diverged) -> int:
        """Go back to the last checkpoint with half the learning rate, once; returns its step."""
        what = f"step {error.step} of {phase.name}: losses or weights are not finite (nan or inf)"
        if phase.slowdown.numpy() < 1:
            field = f"{phase.name}_rate"
            raise RunError(
                f"{what}, with half the learning rate too, so the run stops; lower --set "
                f"{field}={getattr(self.config, field)}, or pass --precision float32, with another --output"
            )
        first = saved.restore()
        phase.slowdown.assign(SLOWER)
        self.say(f"WARNING: {what}; going back to step {first} with half the learning rate")
        self.workers.mean(0.0)  # all have read it before it is written again
        if self.workers.writes:
            saved.save(first)
        return first

    def _at_interval(self, phase: Phase, step: int, monitor: Monitor, saved: PhaseCheckpoints) -> None:
        config, last = self.config, step == phase.steps
        due = {name: last or step % getattr(config, f"{name}_every") == 0
               for name in ("log", "validate", "sample", "checkpoint")}  # fmt: skip
        if due["log"]:
            monitor.log(step)
        if due["validate"] or due["sample"]:
            fill(self.twin, phase)
        if due["validate"]:
            score = monitor.validate(step)
            if phase.name == "pretrain" and saved.improves(score):
                self.run_folder.save_model(self.twin, PRETRAINED)
        if due["sample"]:
            monitor.sample(step)
        if due["checkpoint"]:
            monitor.flush()  # before the checkpoint that vouches for it
            self._save(phase, step, saved)

    def _save(self, phase: Phase, step: int, saved: PhaseCheckpoints) -> None:
        """Save the phase's models and then the checkpoint that vouches for them."""
        fill(self.twin, phase)
        if phase.discriminator is not None:
            self.run_folder.save_model(self.twin, GENERATOR)
            judge = build_discriminator(self.config)
            judge.set_weights(phase.discriminator.get_weights())
            self.run_folder.save_model(judge, DISCRIMINATOR)
        elif not exists(self.run_folder.model_path(PRETRAINED)):
            self.run_folder.save_model(self.twin, PRETRAINED)  # until a validation finds the best
        saved.save(step)


def fill(twin: keras.Model, phase: Phase) -> None:
    """Give `twin` the weights to judge and to ship: the moving average where there is one."""
    values = [average.numpy() for average in phase.ema] or phase.generator.get_weights()
    twin.set_weights(values)


def _fingerprint(manifest: Manifest) -> str:
    """What tells one dataset from another: its shards' hashes."""
    return hashlib.sha256(json.dumps([shard.sha256 for shard in manifest.shards]).encode()).hexdigest()
