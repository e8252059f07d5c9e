"""What a run shows while it trains: progress bar, history.csv, TensorBoard, validation on whole pictures."""

import time
from collections.abc import Sequence

import keras
import tensorflow as tf
from tqdm import tqdm

from pyimagesearch.data.pairs import Pair
from pyimagesearch.evaluation import figures, run_report, scoring
from pyimagesearch.inference.tiles import DEFAULT_TILE
from pyimagesearch.inference.upscaler import BICUBIC, AnyUpscaler, BicubicUpscaler, Upscaler
from pyimagesearch.system.console import duration
from pyimagesearch.training.driver import Progress
from pyimagesearch.training.health import HealthWatch
from pyimagesearch.training.history import History
from pyimagesearch.training.phases import Phase
from pyimagesearch.training.run_folder import RunFolder
from pyimagesearch.training.validation import FRECHET, Validator

FEW_SHAPES = {"multiple": 160, "tile": DEFAULT_TILE}  # a named device sees sides of 160, 320 and 480: 9 shapes
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
        device: str | None = None,
        vgg_weights: str | None = None,
    ):
        self._phase, self._pairs = phase, pairs
        self._history = History(run, self.say)
        self._seconds = self._history.restart(phase.name, step)
        self._device = device
        self._upscaler = Upscaler(twin, scale, **(FEW_SHAPES if device else {}))
        self._validator = Validator(pairs, self._upscaler, vgg_weights=vgg_weights, device=device)
        # The queue is as long as it takes, because it is flush() that empties it.
        self._writer = tf.summary.create_file_writer(
            run.file("logs", phase.name), max_queue=1_000_000, flush_millis=86_400_000
        )
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
        self._sums: dict[str, float] = {}
        self._losses: list[str] = []
        self._count, self._timed, self._span = 0, 0, 0.0
        self._calls = 0
        self._on_cpu = not any(tf.config.list_logical_devices(kind) for kind in ("GPU", "TPU"))

    def graphs(self) -> None:
        """Write the graphs of the phase's networks, once."""
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
        self._bar.set_postfix({name: f"{value:.4g}" for name, value in progress.losses.items()}, refresh=False)
        self._bar.update(steps)
        self._step += steps
        self._calls += 1
        if self._calls == 3 and self._on_cpu:  # the first call compiles
            left = (self._phase.steps - self._step) * seconds / steps
            self.say(f"{self._phase.name}: about {duration(left)} to go on this CPU")

    def log(self, step: int) -> None:
        """Note the means since the last call for history.csv and TensorBoard."""
        if not self._count:
            return
        means = {name: value / self._count for name, value in self._sums.items()}
        rounded = {name: f"{value:.6g}" for name, value in means.items()}
        self._history.add(phase=self._phase.name, step=step, seconds=f"{self._seconds:.1f}", **rounded)
        with self._writer.as_default(step=step):
            for name, value in means.items():
                tf.summary.scalar(name, value)
            tf.summary.scalar("learning_rate", self._phase.rate(step))
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
        means = self._validator()
        with self._writer.as_default(step=step):
            for name, mean in means.items():
                tf.summary.scalar(f"validation_{name}", mean)
        self._flush_when_due()
        shown = f"PSNR {means['psnr_y']:.2f} dB, SSIM {means['ssim_y']:.4f} on Y"
        shown += f", Frechet distance {means[FRECHET]:.4f}" if FRECHET in means else ""
        seconds = time.perf_counter() - start
        self.say(f"{self._phase.name} step {step}: validation {shown} ({seconds:.1f} s)")
        return means

    def sample(self, step: int) -> None:
        """Show LR, bicubic, SR and HR of the first validation pictures on TensorBoard."""
        name = "pretrained" if self._phase.name == "pretrain" else "srgan"
        upscalers: dict[str, AnyUpscaler] = {BICUBIC: BicubicUpscaler(self._upscaler.scale), name: self._upscaler}
        with tf.device(self._device):
            rows = [self._sample(pair, upscalers) for pair in self._pairs[:3]]
        with self._writer.as_default(step=step):
            tf.summary.image("samples", figures.to_array(figures.grid(rows))[None])
        self._flush_when_due()

    def _sample(self, pair: Pair, upscalers: dict[str, AnyUpscaler]) -> figures.GridRow:
        """A row of the grid, with the scores that it shows and no others."""
        outputs = {name: upscaler(pair.lr) for name, upscaler in upscalers.items()}
        scores = {name: scoring.scores_on_y(sr, pair, self._upscaler.scale) for name, sr in outputs.items()}
        return run_report.row(pair, outputs, scores, self._upscaler.scale)

    def flush(self) -> None:
        """Write history.csv and TensorBoard's events."""
        self._history.write()
        self._writer.flush()
        self._flushed = time.monotonic()

    def _flush_when_due(self) -> None:
        if time.monotonic() - self._flushed > FLUSH_SECONDS:
            self.flush()

    def say(self, text: str) -> None:
        tqdm.write(text)

    def close(self) -> None:
        self._bar.close()
        self.flush()
        self._writer.close()
