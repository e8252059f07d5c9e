"""`srgan benchmark quality`: scores against training time, ours beside the tutorial's generator and settings.

It runs phase 1 only, which trains for PSNR. Both sides read the same records with the same loader.
"""

import logging
from collections.abc import Iterable, Iterator
from tempfile import TemporaryDirectory
from typing import Any

import tensorflow as tf

from pyimagesearch.config import TrainConfig
from pyimagesearch.data.dataset.manifest import Manifest
from pyimagesearch.data.dataset.records import read_pictures
from pyimagesearch.data.dataset.writer import write_dataset
from pyimagesearch.data.pairs import Pair
from pyimagesearch.data.sources.folder import FolderSource
from pyimagesearch.data.sources.sample import SampleSource
from pyimagesearch.errors import InputError, RunError
from pyimagesearch.evaluation import figures, plots, scoring
from pyimagesearch.evaluation.device import device_name
from pyimagesearch.evaluation.folders import folder_pairs
from pyimagesearch.evaluation.scoring import write_json
from pyimagesearch.inference.upscaler import BICUBIC, BicubicUpscaler, Upscaler
from pyimagesearch.models import build_generator
from pyimagesearch.presets import get_config
from pyimagesearch.system import console
from pyimagesearch.training.driver import Diverged, Driver, Progress
from pyimagesearch.training.phases import Phase, build_pretrain
from pyimagesearch.training.run_models import fill
from pyimagesearch.training.signals import StopRequest
from pyimagesearch.training.strategy import choose_precision, choose_xla, make_strategy
from pyimagesearch.training.workers import Workers

logger = logging.getLogger(__name__)

POINTS = 10  # of a curve
TRIAL = 20.0  # seconds, but at most a tenth of the run, to find how many steps fit: the decay of the rate needs it


def run(
    *, preset: str, minutes: float, images: str | None, hr: str | None, lr: str | None,
    json_path: str | None, plot_path: str | None,
) -> None:  # fmt: skip
    """Train both sides for `minutes` each; log the scores on the way, write them as JSON and as a plot.

    preset: ours. images: a folder to train on; None takes scikit-image's photographs. hr, lr: folders to score; None
    takes the test pictures of `images`, and makes LR by MATLAB-equivalent bicubic.
    """
    if not 0 < minutes < float("inf"):
        raise InputError(f"`minutes` must be above 0, received {minutes:g}")
    if lr and not hr:
        raise InputError("`lr` belongs to `hr` DIR, which is missing")
    ours, theirs = get_config(preset), get_config("tutorial").with_values({"precision": "float32"})
    if ours.network.scale != theirs.network.scale:
        raise InputError(f"`preset` {preset}: is x{ours.network.scale}, but the tutorial is x{theirs.network.scale}")
    chosen = list(folder_pairs(hr, lr, ours.network.scale)) if hr else []
    for pair in chosen:
        scoring.check_size(pair, ours.network.scale)
    with TemporaryDirectory(prefix="srgan-benchmark-") as work:
        crop = max(ours.data.crop, theirs.data.crop)
        source = (
            FolderSource(images, scale=ours.network.scale, crop=crop, validation=0.05, skip_bad=True)
            if images
            else SampleSource(scale=ours.network.scale, crop=crop)
        )
        manifest = write_dataset(source, work)
        pairs = chosen or list(read_pictures(work, manifest))
        results: dict[str, Any] = {
            "minutes": minutes, "hr": hr or f"test pictures of {manifest.source}", "lr": lr, "pictures": len(pairs),
            "device": device_name(), BICUBIC: scoring.mean_on_y(BicubicUpscaler(ours.network.scale), pairs),
        }  # fmt: skip
        logger.info(f"{'bicubic':9} {results[BICUBIC]['psnr_y']:.2f} dB on Y, mean of {len(pairs)} pictures")
        for name, config in (("ours", ours), ("tutorial", theirs)):
            results[name] = _side(name, config, work, manifest, pairs, minutes * 60)
    if json_path:
        write_json(json_path, results)
    if plot_path:
        figures.save(plot(results), plot_path)


def _side(
    name: str, config: TrainConfig, records: str, manifest: Manifest, pairs: list[Pair], seconds: float
) -> dict[str, Any]:
    """Train one side for `seconds`, not counting the scoring; its last scores and its curve."""
    strategy = make_strategy("gpu" if tf.config.list_physical_devices("GPU") else "cpu", alone=True)
    precision = choose_precision(config.precision, "gpu")
    config = config.with_values({"pretrain.steps": 10**9})
    training = _Training(config, strategy, precision, records, manifest)
    steps = steps_within(training.progress(), seconds, trial=min(TRIAL, seconds / 10))
    training = _Training(config.with_values({"pretrain.steps": steps}), strategy, precision, records, manifest)
    twin = build_generator(config)
    upscaler, curve, spent, due = Upscaler(twin, config.network.scale), [], 0.0, seconds / POINTS
    for progress in training.progress():
        spent += progress.seconds
        last = spent >= seconds or progress.step >= steps
        if last or spent >= due:
            fill(twin, training.phase)
            point = {"seconds": spent, "step": progress.step, **scoring.mean_on_y(upscaler, pairs)}
            logger.info(f"{name:9} {console.duration(spent):>12}  step {progress.step:6}  {point['psnr_y']:.2f} dB")
            curve.append(point)
            due = (len(curve) + 1) * seconds / POINTS
        if last:
            break
    last_scores = {key: curve[-1][key] for key in ("psnr_y", "ssim_y", "seconds", "step")}
    return {"preset": config.preset, "precision": precision, **last_scores, "curve": curve}


class _Training:
    """Phase 1 of a configuration, from its first step."""

    def __init__(self, config: TrainConfig, strategy, precision: str, records: str, manifest: Manifest):
        self.phase: Phase = build_pretrain(config, strategy, precision)
        self._driver = Driver(
            config, strategy, Workers(strategy), folder=records, manifest=manifest, cache=None,
            compiled=choose_xla(config.xla, "gpu", strategy),
        )  # fmt: skip

    def progress(self) -> Iterator[Progress]:
        """Train, and report after each call of the compiled steps. Raises RunError where the losses diverge."""
        try:
            yield from self._driver.steps(self.phase, 0, StopRequest())
        except Diverged as error:
            raise RunError(f"{error} of {self.phase.name}: losses or weights are not finite (nan or inf)") from None


def steps_within(calls: Iterable[Progress], seconds: float, *, trial: float) -> int:
    """How many steps fit into `seconds`, by a trial of `calls` of the compiled steps; the first call compiles.

    The trial ends after `trial` seconds, not counting the first call.
    """
    spent, steps, compiling = 0.0, 0, 0.0
    for progress in calls:
        if not compiling:
            compiling = progress.seconds
            continue
        spent, steps = spent + progress.seconds, steps + progress.count
        if spent >= trial:
            break
    return max(1, round(steps / spent * (seconds - compiling)))


def plot(results: dict[str, Any]) -> Any:
    """PSNR on Y against minutes of training."""
    curves = {
        f"{name} ({results[name]['preset']}, {results[name]['precision']})":
            [(point["seconds"] / 60, point["psnr_y"]) for point in results[name]["curve"]]
        for name in ("ours", "tutorial")
    }  # fmt: skip
    curves[BICUBIC] = [(minutes, results[BICUBIC]["psnr_y"]) for minutes in (0, results["minutes"])]
    return plots.over_time(
        curves, title=f"Quality against training time, {results['device']}",
        units=("minutes of training, scoring not counted", f"PSNR on Y, dB, mean of {results['pictures']} pictures"),
    )  # fmt: skip
