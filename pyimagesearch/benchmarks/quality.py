"""`srgan benchmark quality`: scores against training time, ours beside the tutorial's generator and settings.

Phase 1 alone, since PSNR is what it trains for. Both sides read the same records with the same loader.
"""

from collections.abc import Iterator
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
from pyimagesearch.evaluation.folders import folder_pairs
from pyimagesearch.evaluation.scoring import write_json
from pyimagesearch.inference.upscaler import BICUBIC, BicubicUpscaler, Upscaler
from pyimagesearch.models import build_generator
from pyimagesearch.presets import get_config
from pyimagesearch.system import console
from pyimagesearch.training.driver import Diverged, Driver, Progress
from pyimagesearch.training.phases import Phase, build_pretrain
from pyimagesearch.training.signals import StopRequest
from pyimagesearch.training.strategy import choose_precision, choose_xla, make_strategy
from pyimagesearch.training.trainer import fill
from pyimagesearch.training.workers import Workers

POINTS = 10  # of a curve
TRIAL = 20.0  # seconds, at most a tenth of the run: how many steps will fit, which the decay of the rate has to know


def run(
    *, preset: str, minutes: float, images: str | None, hr: str | None, lr: str | None,
    json_path: str | None, plot_path: str | None,
) -> None:  # fmt: skip
    """Train both sides for `minutes` each; print the scores on the way, write them as JSON and as a plot."""
    if not 0 < minutes < float("inf"):
        raise InputError(f"--minutes must be above 0, received {minutes:g}")
    if lr and not hr:
        raise InputError("--lr belongs to --hr DIR, which is missing")
    ours, theirs = get_config(preset), get_config("tutorial").with_values({"precision": "float32"})
    if ours.network.scale != theirs.network.scale:
        raise InputError(f"--preset {preset}: is x{ours.network.scale}, but the tutorial is x{theirs.network.scale}")
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
        found: dict[str, Any] = {
            "minutes": minutes, "hr": hr or f"test pictures of {manifest.source}", "lr": lr, "pictures": len(pairs),
            "device": scoring.device_name(), BICUBIC: scoring.mean_on_y(BicubicUpscaler(ours.network.scale), pairs),
        }  # fmt: skip
        print(f"{'bicubic':9} {found[BICUBIC]['psnr_y']:.2f} dB on Y, mean of {len(pairs)} pictures")
        for name, config in (("ours", ours), ("tutorial", theirs)):
            found[name] = _side(name, config, work, manifest, pairs, minutes * 60)
    if json_path:
        write_json(json_path, found)
    if plot_path:
        figures.save(plot(found), plot_path)


def _side(
    name: str, config: TrainConfig, records: str, manifest: Manifest, pairs: list[Pair], seconds: float
) -> dict[str, Any]:
    """Train one side for `seconds`, scoring not counted; its last scores and the curve that led there."""
    strategy = make_strategy("gpu" if tf.config.list_physical_devices("GPU") else "cpu", alone=True)
    precision = choose_precision(config.precision, "gpu")
    config = config.with_values({"pretrain.steps": 10**9})
    training = _Training(config, strategy, precision, records, manifest)
    steps = training.steps_within(seconds, min(TRIAL, seconds / 10))
    training = _Training(config.with_values({"pretrain.steps": steps}), strategy, precision, records, manifest)
    twin = build_generator(config)
    upscaler, curve, spent, due = Upscaler(twin, config.network.scale), [], 0.0, seconds / POINTS
    for progress in training.progress():
        spent += progress.seconds
        last = spent >= seconds or progress.step >= steps
        if last or spent >= due:
            fill(twin, training.phase)
            point = {"seconds": spent, "step": progress.step, **scoring.mean_on_y(upscaler, pairs)}
            print(f"{name:9} {console.duration(spent):>12}  step {progress.step:6}  {point['psnr_y']:.2f} dB")
            curve.append(point)
            due = (len(curve) + 1) * seconds / POINTS
        if last:
            break
    last_scores = {key: curve[-1][key] for key in ("psnr_y", "ssim_y", "seconds", "step")}
    return {"preset": config.preset, "precision": precision, **last_scores, "curve": curve}


class _Training:
    """Phase 1 of a configuration from its beginning."""

    def __init__(self, config: TrainConfig, strategy, precision: str, records: str, manifest: Manifest):
        self.phase: Phase = build_pretrain(config, strategy, precision)
        self._driver = Driver(
            config, strategy, Workers(strategy), folder=records, manifest=manifest, cache=None,
            compiled=choose_xla(config.xla, "gpu", strategy),
        )  # fmt: skip

    def progress(self) -> Iterator[Progress]:
        try:
            yield from self._driver.steps(self.phase, 0, StopRequest())
        except Diverged as error:
            raise RunError(f"{error} of {self.phase.name}: losses or weights are not finite (nan or inf)") from None

    def steps_within(self, seconds: float, trial: float) -> int:
        """How many steps `seconds` hold, by those of a trial of about `trial` seconds after the first call."""
        spent, steps, compiling = 0.0, 0, 0.0
        for progress in self.progress():
            if not compiling:
                compiling = progress.seconds
                continue
            spent, steps = spent + progress.seconds, steps + progress.count
            if spent >= trial:
                break
        return max(1, round(steps / spent * (seconds - compiling)))


def plot(found: dict[str, Any]) -> Any:
    """PSNR on Y against minutes of training."""
    curves = {
        f"{name} ({found[name]['preset']}, {found[name]['precision']})":
            [(point["seconds"] / 60, point["psnr_y"]) for point in found[name]["curve"]]
        for name in ("ours", "tutorial")
    }  # fmt: skip
    curves[BICUBIC] = [(minutes, found[BICUBIC]["psnr_y"]) for minutes in (0, found["minutes"])]
    return plots.over_time(
        curves, title=f"Quality against training time, {found['device']}",
        units=("minutes of training, scoring not counted", f"PSNR on Y, dB, mean of {found['pictures']} pictures"),
    )  # fmt: skip
