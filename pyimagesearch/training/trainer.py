"""Runs both phases: resume, intervals, models, checkpoints, and a way back when losses are not finite."""

import contextlib
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from pyimagesearch.config import TrainConfig
from pyimagesearch.data.pairs import Pair
from pyimagesearch.errors import InputError, Interrupted, RunError
from pyimagesearch.system.console import duration
from pyimagesearch.system.files import exists
from pyimagesearch.training.checkpoints import PhaseCheckpoints
from pyimagesearch.training.driver import Diverged, Driver
from pyimagesearch.training.history import History
from pyimagesearch.training.monitor import Monitor
from pyimagesearch.training.phases import Phase, build_finetune, build_pretrain
from pyimagesearch.training.run_folder import PRETRAINED, RunFolder
from pyimagesearch.training.run_log import RunLog
from pyimagesearch.training.run_models import PhaseModels
from pyimagesearch.training.signals import StopRequest, stop_requests
from pyimagesearch.training.strategy import validation_device
from pyimagesearch.training.tracking import Tracking
from pyimagesearch.training.validation import idle_validations, rank

SLOWER = 0.5  # of the learning rate, after the losses ran away


class Trainer:
    """Both phases of one run, from parts that are ready: run.prepare makes them."""

    def __init__(
        self,
        config: TrainConfig,
        *,
        pairs: Sequence[Pair],
        validated: keras.Model,
        vgg: keras.Model | None,
        run_folder: RunFolder,
        identity: dict[str, Any],
        driver: Driver,
        precision: str,
        say: Callable[[str], None],
        most_seconds: float = math.inf,
        log: Sequence[str] = (),
    ):
        """pairs: pictures to validate on. validated: a float32 generator that is given the weights to validate and to
        save. vgg: the extractor of phase 2, if there is one. identity: what the folder's config.json will say.
        most_seconds: that a phase may take on a CPU. log: services that keep a record of the run."""
        self.config, self.precision, self._most_seconds = config, precision, most_seconds
        self._pairs, self._validated, self._vgg = pairs, validated, vgg
        self._run_folder, self._identity, self._driver = run_folder, identity, driver
        self._strategy, self._workers = driver.strategy, driver.workers
        self.say = RunLog(run_folder, say, writes=driver.workers.writes)
        self._tracking = Tracking(log if driver.workers.writes else (), run_folder, identity, self.say)

    def run(self) -> None:
        """Train both phases, or what is left of them."""
        held = self._run_folder.held(self._identity) if self._workers.writes else contextlib.nullcontext()
        with held, stop_requests() as stop, self._workers.report_lost_worker(), self.say.kept(), self._tracking:
            for line in self._run_folder.news:
                self.say(line)
            if self.config.pretrain.steps:
                self._run_pretrain(stop)
            if self.config.finetune.steps:
                self._run_finetune(stop)

    def _run_pretrain(self, stop: StopRequest) -> None:
        """Phase 1, unless phase 2 has begun: that needs neither its checkpoints nor its model any more."""
        config, begun = self.config, self._run_folder.checkpoints
        if begun("finetune"):
            self.say(f"pretrain is finished: {config.pretrain.steps} of {config.pretrain.steps} steps")
            if not self._run_folder.has_model(PRETRAINED):
                path = self._run_folder.model_path(PRETRAINED)
                self.say(f"WARNING: {path} is missing or cut off; phase 2 goes on without it")
            return
        start = "" if begun("pretrain") else config.network.start
        self._run_phase(build_pretrain(config, self._strategy, self.precision, start), stop)

    def _run_finetune(self, stop: StopRequest) -> None:
        config, start, judge = self.config, "", ""
        if not self._run_folder.checkpoints("finetune"):
            pretrained = self._run_folder.model_path(PRETRAINED)
            start, judge = pretrained if config.pretrain.steps else config.network.start, config.discriminator.start
            if not start:
                self.say("finetune starts from random weights: there is neither phase 1 nor a network.start")
        assert self._vgg is not None
        self._run_phase(build_finetune(config, self._strategy, self.precision, self._vgg, start, judge), stop)

    def _run_phase(self, phase: Phase, stop: StopRequest) -> None:
        saved = PhaseCheckpoints(self._run_folder, phase, self.config.intervals.keep_checkpoints, self.say)
        first = self._restore(phase, saved)
        if first >= phase.steps or self._ends_early(first, History(self._run_folder, self.say).validations(phase.name)):
            self.say(f"{phase.name} is finished: {first} of {phase.steps} steps")
            if self._workers.writes:
                self._models(phase).write_missing(self.say)
            return
        self.say(f"Resuming {phase.name} at step {first}" if first else f"Starting {phase.name}: {phase.steps} steps")
        while first < phase.steps:
            try:
                self._train(phase, first, saved, stop)
                break
            except Diverged as error:
                first = self._slow_down(phase, saved, error)
            except (tf.errors.DataLossError, tf.errors.InvalidArgumentError) as error:
                problem = self._driver.bad_records(error)
                if problem is None:
                    raise
                raise InputError(problem) from None
        self._workers.mean(0.0)  # every worker waits until the models of this phase are written

    def _models(self, phase: Phase) -> PhaseModels:
        return PhaseModels(self._run_folder, phase, self._validated, self.config)

    def _restore(self, phase: Phase, saved: PhaseCheckpoints) -> int:
        path = self._models(phase).path
        if not self._run_folder.checkpoints(phase.name) and exists(path):
            raise InputError(
                f"{path}: the checkpoints of {phase.name} are gone, so that it would be "
                "trained anew and replace this model; move the model away, or give another --output"
            )
        first = saved.restore()
        (mean,) = self._workers.mean(first)
        if mean != first:
            raise InputError(
                f"--output {self._run_folder.path}: the workers find different checkpoints there (step {first} here); "
                "it has to be a folder that all of them share, such as gs://bucket/folder"
            )
        return first

    def _train(self, phase: Phase, first: int, saved: PhaseCheckpoints, stop: StopRequest) -> None:
        """Train from step `first` to the end; the worker that writes follows with logs, models and checkpoints."""
        monitor = self._monitor(phase, first) if self._workers.writes else None
        try:
            if monitor and first == 0:
                monitor.describe(self.config)
                saved.save(0)  # the way back, should the losses run away before any other
                if self._starts_trained(phase):
                    self._models(phase).fill()
                    self._validate(phase, 0, monitor, saved)
                    monitor.log(0)
            for progress in self._driver.steps(phase, first, stop):
                if monitor:
                    monitor.add(progress)
                    self._check_time(monitor)
                    self._at_interval(phase, progress.step, monitor, saved)
                if self._ends_early(progress.step, monitor.validations() if monitor else {}):
                    self.say(
                        f"{phase.name}: stopped early at step {progress.step}: {self.config.intervals.patience} "
                        "validations brought nothing better"
                    )
                    if monitor:
                        self._save(phase, progress.step, monitor, saved)
                    break
                if progress.stop:
                    if monitor:
                        monitor.log(progress.step)  # the means since the last row, which no checkpoint holds
                        self._save(phase, progress.step, monitor, saved)
                    raise Interrupted(
                        f"Stopped by {stop.name} at step {progress.step} of {phase.name}, which is saved; "
                        "the same command goes on from there",
                        stop.exit_code,
                    )
            if monitor:
                monitor.conclude()
        finally:
            if monitor:
                monitor.close()
                self.say.write()

    def _check_time(self, monitor: Monitor) -> None:
        if monitor.seconds_left > self._most_seconds:
            raise InputError(
                f"this phase would take about {duration(monitor.seconds_left)} on the CPU, and there is no GPU; "
                "if that is meant, start it again with `device` cpu"
            )

    def _starts_trained(self, phase: Phase) -> bool:
        """Whether the phase begins with weights that may be better than what it makes of them."""
        return bool(self.config.network.start) or (phase.name == "finetune" and self.config.pretrain.steps > 0)

    def _ends_early(self, step: int, validations: Mapping[int, Mapping[str, float]]) -> bool:
        """Whether the phase ends after this step, since validation brought nothing better; the workers agree on it."""
        intervals = self.config.intervals
        if not intervals.patience or not step or step % intervals.validate_every:
            return False
        (idle,) = self._workers.mean(float(idle_validations(validations) >= intervals.patience))
        return idle > 0

    def _validate(self, phase: Phase, step: int, monitor: Monitor, saved: PhaseCheckpoints) -> None:
        """Score the weights that self._validated holds, and keep them as the phase's model where they are the best."""
        if saved.improves(rank(monitor.validate(step))):
            self._models(phase).keep()

    def _monitor(self, phase: Phase, first: int) -> Monitor:
        return Monitor(
            self._run_folder, phase, self._pairs, self._validated, scale=self.config.network.scale, step=first,
            say=self.say, device=validation_device(self._strategy),
            vgg_weights=self.config.finetune.vgg_weights if phase.discriminator is not None else None,
        )  # fmt: skip

    def _slow_down(self, phase: Phase, saved: PhaseCheckpoints, error: Diverged) -> int:
        """Go back to the last checkpoint with half the learning rate, once; returns its step."""
        what = f"step {error.step} of {phase.name}: losses or weights are not finite (nan or inf)"
        if phase.slowdown.numpy() < 1:
            field = f"{phase.name}.rate"
            raise RunError(
                f"{what}, with half the learning rate too, so the run stops; lower "
                f"`{field}`={getattr(self.config, phase.name).rate}, or pass --precision float32, with another --output"
            )
        first = saved.restore()
        phase.slowdown.assign(SLOWER)
        self.say(f"WARNING: {what}; going back to step {first} with half the learning rate")
        self._workers.mean(0.0)  # all have read it before it is written again
        if self._workers.writes:
            saved.save(first)
        return first

    def _at_interval(self, phase: Phase, step: int, monitor: Monitor, saved: PhaseCheckpoints) -> None:
        config, last = self.config, step == phase.steps
        due = {name: last or step % getattr(config.intervals, f"{name}_every") == 0
               for name in ("log", "validate", "sample", "checkpoint")}  # fmt: skip
        if due["validate"] or due["sample"]:
            self._models(phase).fill()
        if due["validate"]:
            self._validate(phase, step, monitor, saved)
        if due["log"] or due["validate"]:
            monitor.log(step)  # a row holds what was validated at its step
        if due["sample"]:
            monitor.sample(step)
        if due["checkpoint"]:
            self._save(phase, step, monitor, saved)

    def _save(self, phase: Phase, step: int, monitor: Monitor, saved: PhaseCheckpoints) -> None:
        """Save the history, the phase's models, and then the checkpoint that vouches for them."""
        self._run_folder.check_there()
        monitor.flush()
        self.say.write()
        self._models(phase).save()
        saved.save(step)
        self._tracking.update()
