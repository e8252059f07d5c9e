"""`srgan benchmark plan`: time and memory of a large folder's listing, planning and manifest, by the code of --runner.

The pictures are there, as many names of a few tiny files; what the workers find out of each is made up, since decoding
takes the same time on whatever machine it is done.
"""

import hashlib
import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from PIL import Image

from pyimagesearch.benchmarks import measure
from pyimagesearch.data.beam.catalog import Listed, temporary_catalog
from pyimagesearch.data.beam.folder import Row, checking_tasks, fill_catalog, listed_folder
from pyimagesearch.data.beam.tasks import Tasks, do_task
from pyimagesearch.data.beam.writer import plan_shards_of
from pyimagesearch.data.dataset.manifest import Manifest, Shard, load_manifest, manifest_path
from pyimagesearch.data.dataset.shards import SHARD_BYTES
from pyimagesearch.data.dataset.unfinished import Recipe, make_recipe
from pyimagesearch.data.sources.arguments import Arguments
from pyimagesearch.errors import InputError
from pyimagesearch.evaluation.scoring import write_json
from pyimagesearch.system.files import write_whole

logger = logging.getLogger(__name__)

A_FOLDER = 10_000  # names in a folder, all of one file: file systems bound how many names a file has
SIDE = 256  # of each picture, by what is made up
BLOCKS = 21  # of a shard of SHARD_BYTES

Figures = dict[str, dict[str, float]]


def run(*, pictures: int, shards: int, json_path: str | None) -> None:
    """Log time and memory for a tenth of `pictures`, for all of them, and for a manifest of `shards`."""
    if pictures < 100:
        raise InputError(f"`pictures` must be at least 100, received {pictures}")
    if shards < 2:
        raise InputError(f"`shards` must be at least 2, received {shards}")
    found: dict[str, Any] = {}
    for count in (pictures // 10, pictures):
        with TemporaryDirectory(prefix="srgan-benchmark-") as work:
            found[str(count)] = _plan(Path(work), count)
        _log(f"{count} pictures", found[str(count)])
    with TemporaryDirectory(prefix="srgan-benchmark-") as work:
        found["manifest"] = _manifest(work, shards)
    _log(f"A manifest of {shards} shards", found["manifest"])
    if json_path:
        write_json(json_path, found)


def _plan(work: Path, count: int) -> Figures:
    photos = work / "photos"
    _make_names(photos, count)
    asked = Arguments("folder", images=photos, recursive=True)
    found: Figures = {}
    with _measured(found, "listing"):
        checking = checking_tasks(asked, str(work / "checking"))
    for number in range(checking.count):
        do_task(checking.folder, number, _made_up)
    with temporary_catalog() as catalog:
        with _measured(found, "catalog"):
            fill_catalog(catalog, asked, checking)
        with _measured(found, "planning"):
            recipe = make_recipe(listed_folder(asked), "none", catalog.counts(), catalog.listing())
            writing = Tasks(str(work / "writing"), map(asdict, plan_shards_of(catalog, recipe)))
    found["shards"] = {"count": writing.count}
    return found


def _make_names(photos: Path, count: int) -> None:
    for start in range(0, count, A_FOLDER):
        folder = photos / f"{start // A_FOLDER:05d}"
        folder.mkdir(parents=True)
        first = folder / f"{start:08d}.png"
        Image.fromarray(np.zeros((1, 1, 3), np.uint8)).save(first)
        for number in range(start + 1, min(start + A_FOLDER, count)):
            os.link(first, folder / f"{number:08d}.png")


def _made_up(rows: list[Row]) -> list[dict[str, Any]]:
    return [
        asdict(
            Listed(
                name=picture, split="", height=SIDE, width=SIDE, content=hashlib.sha256(picture.encode()).hexdigest(),
                decoded=SIDE * SIDE, picture=picture, lr_picture=None, shrink=1,
            )
        )
        for picture, _, _ in rows
    ]  # fmt: skip


def _manifest(work: str, shards: int) -> Figures:
    found: Figures = {}
    blocks = tuple(range(0, SHARD_BYTES, SHARD_BYTES // BLOCKS))
    with _measured(found, "making"):
        listed = [
            Shard(
                f"{'train' if number else 'test'}/{number:05d}-of-{shards:05d}.tfrec", len(blocks) * 32, 10**7,
                SHARD_BYTES + number, hashlib.sha256(str(number).encode()).hexdigest(), blocks, SIDE,
            )
            for number in range(shards)
        ]  # fmt: skip
        recipe: Recipe = dict(
            schema=2, source="folder", scale=4, kernel="bicubic", crop=96, tile=248, stride=176, compression="none",
            block=32, pictures={"train": shards, "test": 1}, contents="0" * 64,
        )  # fmt: skip
    with _measured(found, "writing"):
        write_whole(manifest_path(work), Manifest(**recipe, shards=listed, versions={}).to_json())
    del listed
    with _measured(found, "loading"):
        load_manifest(work)
    return found


@contextmanager
def _measured(found: Figures, name: str) -> Iterator[None]:
    measure.forget_peak_memory()
    start, cpu = time.perf_counter(), time.process_time()
    yield
    found[name] = {
        "seconds": time.perf_counter() - start,
        "cpu_seconds": time.process_time() - cpu,
        "peak_rss_mb": measure.peak_memory() / 1e6,
    }


def _log(title: str, found: Figures) -> None:
    logger.info(f"{title}:")
    for name, side in found.items():
        if "seconds" in side:
            logger.info(
                f"  {name:10} {side['seconds']:7.1f} s ({side['cpu_seconds']:.1f} s of a core)  "
                f"peak memory {side['peak_rss_mb']:,.0f} MB"
            )
