"""What a run shows while it trains: progress bar, history.csv, TensorBoard, validation on whole pictures."""

import json
import time
from collections.abc import Callable, Mapping, Sequence

import keras
import tensorflow as tf
from tqdm import tqdm

from pyimagesearch.config import TrainConfig
from pyimagesearch.data.pairs import Pair
from pyimagesearch.evaluation import curves, figures, run_report, scoring
from pyimagesearch.inference.tiles import DEFAULT_TILE
from pyimagesearch.inference.upscaler import BICUBIC, AnyUpscaler, BicubicUpscaler, Upscaler
from pyimagesearch.system.console import duration
from pyimagesearch.training import events
from pyimagesearch.training.driver import Progress
from pyimagesearch.training.health import HealthWatch
from pyimagesearch.training.history import History
from pyimagesearch.training.phases import Phase
from pyimagesearch.training.run_folder import RunFolder
from pyimagesearch.training.validation import ERROR, Validator, rank

FEW_SHAPES = {"multiple": 160, "tile": DEFAULT_TILE}  # a named device sees sides of 160, 320 and 480: 9 shapes
REFERENCES = (BICUBIC, "start")  # what validation is compared with
SHOWN = {"loss": "loss", "discriminator_loss": "D"}  # in the progress bar
FLUSH_SECONDS = 30.0  # at least so long between writes: on a bucket, each uploads history.csv and all events again


class Monitor:
    """Logs one phase from `step` on; `twin` is a float32 generator on `device`, filled with the weights to validate.

    vgg_weights: those that validation compares textures by; None where it does not.
    """

    def __init__(
        self,
        run: RunFolder,
        phase: Phase,
        pairs: Sequence[Pair],
        twin: keras.Model,
        *,
        scale: int,
        step: int,
        say: Callable[[str], None],
        device: str | None = None,
        vgg_weights: str | None = None,
    ):
        self._run, self._phase, self._pairs, self.say = run, phase, pairs, say
        kept = step or -1  # a phase that begins anew validates its start, which is step 0, anew
        self._history = History(run, say)
        self._seconds = self._history.restart(phase.name, kept)
        self._start = self.validations().get(0)  # the scores of what the phase started from
        self._device = device
        self._upscaler = Upscaler(twin, scale, **(FEW_SHAPES if device else {}))
        for name in (phase.name, *(f"{phase.name}_{reference}" for reference in REFERENCES)):
            events.drop_after(run.file("logs", name), kept)
        self._validator = Validator(pairs, self._upscaler, vgg_weights=vgg_weights, device=device)
        self._writer = self._events(phase.name)
        self._flushed = time.monotonic()
        self._step = step
        # disable=None: no bar where stderr is no terminal; log() prints lines there instead.
        self._bar = tqdm(
            total=phase.steps,
            initial=step,
            desc=phase.name,
            unit="step",
            mininterval=1,
            dynamic_ncols=True,
            disable=None,
        )
        self._health = HealthWatch()
        self._scores: dict[str, float] = {}  # of the last validation, until a row holds them
        self._beside: dict[str, tf.summary.SummaryWriter] = {}  # of references, by name
        self._sums: dict[str, float] = {}
        self._losses: list[str] = []
        self._count, self._timed, self._span = 0, 0, 0.0
        self._calls = 0
        self.seconds_left = 0.0  # on a CPU, once it is known
        self._on_cpu = not any(tf.config.list_logical_devices(kind) for kind in ("GPU", "TPU"))

    def describe(self, config: TrainConfig) -> None:
        """Write the configuration and the graphs of the phase's networks, once."""
        with self._writer.as_default(step=0):
            tf.summary.text("config", f"```\n{json.dumps(config.to_dict(), indent=1)}\n```")
        networks = [self._phase.generator] + ([self._phase.discriminator] if self._phase.discriminator else [])
        with self._writer.as_default(step=0):
            for network in networks:
                side = network.input_shape[1] or 24
                spec = tf.TensorSpec([1, side, side, 3], tf.float32)
                tf.summary.graph(tf.function(network, autograph=False).get_concrete_function(spec).graph)

    def add(self, progress: Progress) -> None:
        """Take the means of more steps."""
        steps, seconds = progress.count, progress.seconds
        for name, value in {**progress.losses, **progress.measures}.items():
            self._sums[name] = self._sums.get(name, 0.0) + value * steps
        self._losses = list(progress.losses)
        self._count += steps
        self._span += seconds if self._calls else 0.0  # the first call compiles
        self._timed += steps if self._calls else 0
        self._seconds += seconds
        # Two numbers: more do not fit beside the bar in 80 columns.
        shown = {name: f"{progress.losses[key]:.3g}" for key, name in SHOWN.items() if key in progress.losses}
        self._bar.set_postfix(shown, refresh=False)
        self._bar.update(steps)
        self._step += steps
        self._calls += 1
        if self._calls == 3 and self._on_cpu:  # the first call compiles
            self.seconds_left = (self._phase.steps - self._step) * seconds / steps
            self.say(f"{self._phase.name}: about {duration(self.seconds_left)} to go on this CPU")

    def log(self, step: int) -> None:
        """Note the means since the last call, and the last validation, for history.csv and TensorBoard."""
        if not self._count and not self._scores:
            return
        scores = {f"validation_{name}": f"{value:.6g}" for name, value in self._scores.items()}
        self._scores = {}
        if not self._count:  # before the first step
            self._history.add(phase=self._phase.name, step=step, seconds=f"{self._seconds:.1f}", **scores)
            return
        means = {name: value / self._count for name, value in self._sums.items()}
        rate = self._phase.rate(step)
        rounded = {name: f"{value:.6g}" for name, value in {"learning_rate": rate, **means}.items()}
        self._history.add(phase=self._phase.name, step=step, seconds=f"{self._seconds:.1f}", **rounded, **scores)
        with self._writer.as_default(step=step):
            for name, value in means.items():
                tf.summary.scalar(name, value)
            tf.summary.scalar("learning_rate", rate)
            if self._timed:
                tf.summary.scalar("steps_per_second", self._timed / self._span)
        self._flush_when_due()
        if self._bar.disable and self._timed:
            left = duration((self._phase.steps - step) * self._span / self._timed)
            losses = ", ".join(f"{name} {means[name]:.4g}" for name in self._losses)
            self.say(f"{self._phase.name} step {step} of {self._phase.steps}: {losses}; {left} to go")
        if news := self._health.news(means, step):
            self.say(f"WARNING: {self._phase.name} step {step}: {news}")
        self._sums, self._count, self._timed, self._span = {}, 0, 0, 0.0

    def validate(self, step: int) -> dict[str, float]:
        """The scores of the weights that the twin holds, means over the validation pictures."""
        start = time.perf_counter()
        self._scores = means = self._validator()
        self._start = means if step == 0 else self._start
        self._lines(step, self._writer, means)
        for name, scores in self._references().items():  # as lines beside the curve
            if name not in self._beside:
                self._beside[name] = self._events(f"{self._phase.name}_{name}")
            self._lines(step, self._beside[name], scores)
        self._flush_when_due()
        seconds = time.perf_counter() - start
        self.say(f"{self._phase.name} step {step}: validation {_shown(means)} ({seconds:.1f} s)")
        return means

    def _events(self, name: str) -> tf.summary.SummaryWriter:
        """A writer of TensorBoard's events into logs/NAME."""
        # The queue is as long as it takes, because it is flush() that empties it.
        return tf.summary.create_file_writer(self._run.file("logs", name), max_queue=1_000_000, flush_millis=86_400_000)

    def _lines(self, step: int, writer: tf.summary.SummaryWriter, scores: Mapping[str, float]) -> None:
        with writer.as_default(step=step):
            for name, score in scores.items():
                tf.summary.scalar(f"validation_{name}", score)

    def _references(self) -> dict[str, dict[str, float]]:
        """What validation is compared with: bicubic, and what the phase started from where that was validated."""
        return dict(zip(REFERENCES, (self._validator.bicubic, *([self._start] if self._start else [])), strict=False))

    def sample(self, step: int) -> None:
        """Show LR, bicubic, SR and HR of the first validation pictures on TensorBoard, and as a PNG in samples/."""
        name = "pretrained" if self._phase.name == "pretrain" else "srgan"
        upscalers: dict[str, AnyUpscaler] = {BICUBIC: BicubicUpscaler(self._upscaler.scale), name: self._upscaler}
        with tf.device(self._device):
            rows = [self._sample(pair, upscalers) for pair in self._pairs[:3]]
        figure = figures.grid(rows)
        figures.save(figure, self._run.file("samples", f"{self._phase.name}_{step:07d}.png"))
        with self._writer.as_default(step=step):
            tf.summary.image("samples", figures.to_array(figure)[None])
        self._flush_when_due()

    def _sample(self, pair: Pair, upscalers: dict[str, AnyUpscaler]) -> figures.GridRow:
        """A row of the grid, with the scores that it shows and no others."""
        outputs = {name: upscaler(pair.lr) for name, upscaler in upscalers.items()}
        scores = {name: scoring.scores_on_y(sr, pair, self._upscaler.scale) for name, sr in outputs.items()}
        return run_report.row(pair, outputs, scores, self._upscaler.scale)

    def flush(self) -> None:
        """Write history.csv and TensorBoard's events."""
        self._history.write()
        for writer in (self._writer, *self._beside.values()):
            writer.flush()
        self._flushed = time.monotonic()

    def _flush_when_due(self) -> None:
        if time.monotonic() - self._flushed > FLUSH_SECONDS:
            self.flush()

    def validations(self) -> dict[int, dict[str, float]]:
        """The scores of every validation of the phase, by its step."""
        return self._history.validations(self._phase.name)

    def conclude(self) -> None:
        """Say which weights are kept, by which scores, beside those of bicubic and of the start."""
        scores = self.validations()
        if not scores:
            return
        best = max(scores, key=lambda step: rank(scores[step]))
        beside = [f"{name} {_shown(others)}" for name, others in self._references().items()]
        self.say(f"{self._phase.name}: best at step {best}: {_shown(scores[best])} ({'; '.join(beside)})")
        if best == 0:
            self.say(
                f"WARNING: {self._phase.name}: no validation was better than the start, whose weights are kept; try a "
                f"lower {self._phase.name}.rate or more steps"
            )

    def close(self) -> None:
        self._bar.close()
        self.flush()
        if self._history.rows:
            figures.save(curves.draw(self._history.rows, self._validator.bicubic), self._run.file("curves.png"))
        for writer in (self._writer, *self._beside.values()):
            writer.close()


def _shown(scores: Mapping[str, float]) -> str:
    error = f", relative error {scores[ERROR]:.3f}" if ERROR in scores else ""
    return f"PSNR {scores['psnr_y']:.2f} dB, SSIM {scores['ssim_y']:.4f} on Y{error}"
