"""`srgan benchmark records`: pictures/s and MB/s of the writer, on all cores and on one; or of workers, and of one."""

import contextlib
import logging
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from pyimagesearch.benchmarks import measure
from pyimagesearch.data.dataset.writer import write_dataset
from pyimagesearch.data.sources.arguments import Arguments
from pyimagesearch.data.sources.folder import FolderSource
from pyimagesearch.errors import InputError
from pyimagesearch.evaluation import figures, plots
from pyimagesearch.evaluation.scoring import write_json
from pyimagesearch.system import beam, parallel
from pyimagesearch.system.files import check_disk

logger = logging.getLogger(__name__)

ROUNDS = 3
CROP, SCALE = 96, 4


def run(
    *, images: str | None, pictures: int, workers: int | None = None, json_path: str | None, plot_path: str | None
) -> None:
    """Log each side's figures and their ratio; write them as JSON and as a plot.

    images: a folder of pictures; None makes `pictures` of them.
    workers: so many worker processes of Apache Beam against one, instead of all cores against one.
    """
    if pictures < 2:
        raise InputError(f"`pictures` must be at least 2, received {pictures}")
    if workers is not None and workers < 2:
        raise InputError(f"`workers` must be at least 2, received {workers}")
    many, single = workers or parallel.cores(), "one worker" if workers else "one core"
    runners = {count: _runner(count) for count in (many, 1)} if workers else {}  # refused where Beam is missing
    with TemporaryDirectory(prefix="srgan-benchmark-") as work:
        folder = images
        if folder is None:
            check_disk(work, pictures * 25_000_000, "the benchmark's pictures and records")
            folder = f"{work}/pictures"
            Path(folder).mkdir()
            measure.make_pictures(Path(folder), pictures)
        rounds: dict[str, list[dict[str, float]]] = {"ours": [], single.replace(" ", "_"): []}
        for name in measure.turns(list(rounds), ROUNDS):
            count = many if name == "ours" else 1
            with contextlib.nullcontext() if workers else _cores(count):
                rounds[name].append(_write(folder, f"{work}/records", runners.get(count)))
            shutil.rmtree(f"{work}/records")
    sides = measure.medians(rounds)
    first, last = sides
    ratio = sides[first]["pictures_per_s"] / sides[last]["pictures_per_s"]
    labels = {first: f"{many} workers" if workers else f"{many} cores", last: single}
    logger.info(f"Records written, median of {ROUNDS} rounds:")
    for name, side in sides.items():
        logger.info(
            f"  {labels[name]:10} {side['pictures_per_s']:6.2f} pictures/s  {side['mb_per_s']:6.1f} MB/s  "
            f"{side['seconds']:6.1f} s  peak memory {side['peak_rss_mb']:,.0f} MB"
        )
    logger.info(f"  {ratio:.2f}x {single}'s speed")
    if json_path:
        write_json(json_path, {**sides, "cores": parallel.cores(), "ratio": ratio})
    if plot_path:
        speeds = {labels[name]: side["pictures_per_s"] for name, side in sides.items()}
        figures.save(plots.bars(speeds, title="Writing records", unit="pictures/s"), plot_path)


def _runner(workers: int) -> beam.Runner:
    runner = beam.make_runner("direct", [f"direct_num_workers={workers}", "direct_running_mode=multi_processing"])
    assert runner
    return runner


def _write(folder: str, output: str, runner: beam.Runner | None) -> dict[str, float]:
    """Check and write all pictures of a folder, as `srgan tfrecords` does; how fast that was.

    The peak memory is that of this process, without workers.
    """
    measure.forget_peak_memory()
    start = time.perf_counter()
    if runner:
        from pyimagesearch.data.beam.writer import write_records_by

        asked = Arguments("folder", images=folder, scale=SCALE, crop=CROP, skip_bad=True)
        manifest = write_records_by(runner, asked, output).manifest
    else:
        source = FolderSource(folder, scale=SCALE, crop=CROP, validation=0.05, skip_bad=True)
        manifest = write_dataset(source, output)
    seconds = time.perf_counter() - start
    return {
        "pictures_per_s": sum(manifest.pictures.values()) / seconds,
        "mb_per_s": sum(shard.bytes for shard in manifest.shards) / seconds / 1e6,
        "seconds": seconds,
        "peak_rss_mb": measure.peak_memory() / 1e6,
    }


@contextmanager
def _cores(count: int) -> Iterator[None]:
    """Allow this thread, and those that it starts, `count` cores."""
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(allowed)[:count])
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)
