"""`srgan benchmark loader`: crops/s of our loader, cached and not, beside the tutorial's layout of the same pictures.

It also measures the crops/s that the steps of a preset take here, to tell whether loading or training is slower.
"""

import logging
import statistics
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import tensorflow as tf

from pyimagesearch.benchmarks import measure
from pyimagesearch.benchmarks.tutorial import tutorial_batches, write_tutorial_records
from pyimagesearch.config import TrainConfig
from pyimagesearch.data.dataset.manifest import Manifest
from pyimagesearch.data.dataset.writer import write_dataset
from pyimagesearch.data.input.cache import RamCache
from pyimagesearch.data.input.degradation_presets import get_degradations
from pyimagesearch.data.input.loader import training_batches
from pyimagesearch.data.sources.folder import FolderSource
from pyimagesearch.errors import InputError
from pyimagesearch.evaluation import figures, plots
from pyimagesearch.evaluation.scoring import write_json
from pyimagesearch.models import build_extractor, compute_in
from pyimagesearch.presets import get_config
from pyimagesearch.system.files import check_disk
from pyimagesearch.training.phases import build_finetune, build_pretrain
from pyimagesearch.training.strategy import choose_precision

logger = logging.getLogger(__name__)

BATCH, CROP, SCALE = 64, 96, 4  # the tutorial's
PICTURES = 27  # three of them are the test split
ROUNDS, SECONDS = 3, 4.0  # how often, and how long at once, a side is measured
STEP_BATCH = 16  # more takes minutes on a CPU, and no more crops/s
LABELS = {
    "ours": "ours",
    "ours_cached": "ours, --cache ram",
    "tutorial": "tutorial's layout",
    "degraded": "ours, degraded",
}


def run(*, images: str | None, preset: str, degradations: str, json_path: str | None, plot_path: str | None) -> None:
    """Log each side's figures and which of loading and training waits; write them as JSON and as a plot.

    images: a folder of at least 27 pictures; None makes some. preset: whose steps to measure. degradations: the name
    of a degradation preset, which is one side more; empty for none.
    """
    config = get_config(preset)
    if degradations:
        get_degradations(degradations)
    with TemporaryDirectory(prefix="srgan-benchmark-") as work:
        check_disk(work, PICTURES * 40_000_000, "the benchmark's records")
        folder = images
        if folder is None:
            folder = f"{work}/pictures"
            Path(folder).mkdir()
            measure.make_pictures(Path(folder), PICTURES)
        source = FolderSource(folder, scale=SCALE, crop=CROP, validation=0, skip_bad=True)
        manifest = write_dataset(source, f"{work}/records")
        train = [entry for entry in source.entries if entry.split == "train"]
        if len(train) < 24:
            raise InputError(f"`images` {folder}: holds {len(train)} training pictures; at least 24 are needed")
        write_tutorial_records((job() for job in source.jobs(train)), f"{work}/tutorial.tfrec")
        sides = _measure(work, manifest, degradations)
    lengths = {"pretrain": config.pretrain.steps, "finetune": config.finetune.steps}
    steps = {phase: _step_speed(config, phase) for phase, length in lengths.items() if length}
    loaded = sides["degraded" if degradations else "ours"]["crops_per_s"]
    conclusion = verdict(loaded * (CROP / config.data.crop) ** 2, steps)  # in crops of the preset's size
    _report(sides, steps, preset)
    logger.info(conclusion)
    if json_path:
        step = {"preset": preset, "crops_per_s": steps}
        write_json(json_path, {**sides, "batch": BATCH, "pictures": len(train), "step": step, "verdict": conclusion})
    if plot_path:
        speeds = {LABELS[name]: side["crops_per_s"] for name, side in sides.items()}
        speeds |= {f"step of {preset}, {phase}": speed for phase, speed in steps.items()}
        figures.save(plots.bars(speeds, title="Loading, and what training takes", unit="crops/s"), plot_path)


def _measure(work: str, manifest: Manifest, degradations: str) -> dict[str, dict[str, float]]:
    """Median crops/s, bytes read per crop and peak memory of every side."""

    def batches(name: str) -> tf.data.Dataset:
        if name == "tutorial":
            return tutorial_batches(f"{work}/tutorial.tfrec", BATCH)
        cache = RamCache(f"{work}/records", manifest) if name == "ours_cached" else None
        damage = degradations if name == "degraded" else ""
        return training_batches(
            f"{work}/records", manifest, crop=CROP, batch=BATCH, seed=1, cache=cache, degradations=damage
        )

    # The cache comes last, so that its memory does not count for the others.
    rounds: dict[str, list[dict[str, float]]] = {"ours": [], "tutorial": []}
    rounds |= {"degraded": []} if degradations else {}
    rounds["ours_cached"] = []
    for name in measure.turns(list(rounds), ROUNDS):
        rounds[name].append(_one_side(batches(name)))
    medians = measure.medians(rounds)
    for name, sides in rounds.items():
        # That of the first round: later ones begin with memory that other sides have left.
        medians[name]["peak_rss_mb"] = sides[0]["peak_rss_mb"]
    return {name: medians[name] for name in LABELS if name in medians}


def _one_side(dataset: tf.data.Dataset) -> dict[str, float]:
    measure.forget_peak_memory()
    batches, crops = iter(dataset), 0
    until = time.perf_counter() + SECONDS / 2
    while time.perf_counter() < until:  # fill buffers, let tf.data find its parallelism
        next(batches)
    start, read = time.perf_counter(), measure.bytes_read()
    while (seconds := time.perf_counter() - start) < SECONDS:
        crops += int(next(batches)[1].shape[0])
    return {
        "crops_per_s": crops / seconds,
        "bytes_per_crop": (measure.bytes_read() - read) / crops,
        "peak_rss_mb": measure.peak_memory() / 1e6,
    }


def _step_speed(config: TrainConfig, name: str) -> float:
    """Crops/s that a phase's step takes on one device of this machine."""
    batch = min(config.data.batch, STEP_BATCH)
    config = config.with_values({"data.batch": batch, "finetune.vgg_weights": "random"})  # cost what trained ones do
    precision, strategy = choose_precision(config.precision, "gpu"), tf.distribute.get_strategy()
    if name == "pretrain":
        phase = build_pretrain(config, strategy, precision)
    else:
        with compute_in(precision):
            vgg = build_extractor(config.finetune)
        phase = build_finetune(config, strategy, precision, vgg, "")
    step = tf.function(lambda lr, hr: phase.training.train_step((lr, hr)))
    small = config.data.crop // config.network.scale
    lr, hr = (tf.zeros([batch, side, side, 3], tf.uint8) for side in (small, config.data.crop))
    seconds = []
    for _ in range(5):
        start = time.perf_counter()
        float(step(lr, hr)["loss"])  # waits for the device
        seconds.append(time.perf_counter() - start)
    return batch / statistics.median(seconds[2:])  # the first two trace and warm up


def verdict(loaded: float, steps: dict[str, float]) -> str:
    """Which of the two waits: the loader gives `loaded` crops/s; `steps` has what the step of each phase takes."""
    phase, taken = max(steps.items(), key=lambda item: item[1])
    if loaded >= taken:
        return f"The loader waits for the training step: it gives {loaded / taken:,.0f} times what {phase} takes here."
    return f"The training step waits for the loader, which gives {loaded / taken:.2f} of what {phase} takes here."


def _report(sides: dict[str, dict[str, float]], steps: dict[str, float], preset: str) -> None:
    logger.info(f"Batches of {BATCH} crops of {CROP}x{CROP} from the page cache, median of {ROUNDS} rounds:")
    for name, side in sides.items():
        label = LABELS[name]
        logger.info(
            f"  {label:20} {side['crops_per_s']:9,.0f} crops/s  {side['bytes_per_crop'] / 1e3:8,.1f} kB read per crop  "
            f"peak memory {side['peak_rss_mb']:6,.0f} MB  "
            f"{side['crops_per_s'] / sides['tutorial']['crops_per_s']:6.1f}x the tutorial's speed"
        )
    for phase, speed in steps.items():
        logger.info(f"  {preset}'s {phase} step takes {speed:,.1f} crops/s here")
