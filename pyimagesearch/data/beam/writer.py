"""A dataset folder written by the workers of a Beam runner: a shard is a task.

The folder becomes what `data.dataset.writer` makes of the same pictures, byte for byte. Stopped, it goes on, by either
of the two.
"""

import contextlib
import functools
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from pyimagesearch.config import COMPRESSIONS
from pyimagesearch.data.beam.catalog import Catalog, Listed, temporary_catalog
from pyimagesearch.data.beam.folder import checking_tasks, fill_catalog, listed_folder
from pyimagesearch.data.beam.tasks import Tasks
from pyimagesearch.data.dataset.manifest import SPLITS, Manifest, Shard, manifest_path
from pyimagesearch.data.dataset.shards import Plan, named_plans, shard_groups, write_shards
from pyimagesearch.data.dataset.unfinished import (
    TASKS,
    Recipe,
    already_written,
    announce,
    finish,
    make_recipe,
    remember,
    tiling_of,
    unfinished_shards,
    write_unfinished,
)
from pyimagesearch.data.dataset.verify import shard_problem
from pyimagesearch.data.dataset.writer import prepare
from pyimagesearch.data.pairs import Pair
from pyimagesearch.data.sources.arguments import Arguments
from pyimagesearch.data.sources.base import Entry, PairMaker
from pyimagesearch.data.sources.div2k import Div2kSource
from pyimagesearch.errors import InputError
from pyimagesearch.system import beam
from pyimagesearch.system.files import check_bucket, check_disk, exists, join, remove_temporary
from pyimagesearch.system.folders import remove_folder
from pyimagesearch.system.locks import Held, hold


@dataclass(frozen=True)
class Written:
    """The manifest of a dataset folder, why pictures were left out, and Beam's counters."""

    manifest: Manifest
    skipped: list[str]
    counters: dict[str, int]


@dataclass(frozen=True)
class Planned:
    """The records that are to be written."""

    recipe: Recipe
    plans: Iterable[Plan]
    source: PairMaker
    entry: type[Entry]
    skipped: list[str]
    counters: dict[str, int]


def write_records_by(
    runner: beam.Runner, asked: Arguments, output: str | os.PathLike[str], *, compression: str = "none"
) -> Written:
    """Write what `write_records` writes, by the workers of `runner`.

    asked: the pictures; `source` is folder or div2k. output and compression: as of `write_records`.
    Raises InputError as `make_source` and `write_records` do, and for what workers do not make or cannot reach.
    """
    output = os.fspath(output)
    _check(runner, asked, output, compression)
    was_there = exists(output)
    try:
        with hold(output, what="dataset folder") as lock:
            _remove_temporary(output)
            try:
                with _planned(runner, asked, join(output, TASKS, "checking"), compression) as planned:
                    if exists(manifest_path(output)):
                        return Written(already_written(output, planned.recipe), planned.skipped, {})
                    return _write(runner, planned, output, lock)
            finally:
                remove_folder(join(output, TASKS))
    finally:
        if not was_there:
            with contextlib.suppress(OSError):  # of a folder that holds something by now, or of a bucket
                os.rmdir(output)


def _remove_temporary(output: str) -> None:
    for folder in (output, *(join(output, split) for split in SPLITS)):
        remove_temporary(folder)


def _check(runner: beam.Runner, asked: Arguments, output: str, compression: str) -> None:
    if compression not in COMPRESSIONS:
        raise InputError(f"`compression` must be one of {', '.join(COMPRESSIONS)}, received {compression}")
    if asked.source not in ("folder", "div2k"):
        raise InputError(f"`runner` writes records of `source` folder or div2k, received {asked.source}")
    for name in ("collages", "imperfect"):
        if getattr(asked, name):
            raise InputError(f"`{name}`: pictures that no `runner` makes; leave one of the two out")
    given = {"images": asked.images, "lr_images": asked.lr_images, "output": output}
    folders = {name: os.fspath(folder) for name, folder in given.items() if folder}
    beam.check_reach(runner, **folders)
    for folder in folders.values():
        check_bucket(folder)


@contextmanager
def _planned(runner: beam.Runner, asked: Arguments, work: str, compression: str) -> Iterator[Planned]:
    if asked.source == "div2k":
        div2k = Div2kJobs(asked.div2k_config or "bicubic_x4", asked.scale, asked.held_crop)
        recipe, plans = prepare(div2k.opened(), compression)
        yield Planned(recipe, plans, div2k, Entry, [], {})
        return
    source = listed_folder(asked)
    with temporary_catalog() as catalog:
        tasks = checking_tasks(asked, work)
        counters = tasks.run(runner, source.check, label="checking", unit="batch")
        skipped = fill_catalog(catalog, asked, tasks)
        recipe = make_recipe(source, compression, catalog.counts(), catalog.listing())
        yield Planned(recipe, plan_shards_of(catalog, recipe), source, Listed, skipped, counters)


def plan_shards_of(catalog: Catalog, recipe: Recipe) -> Iterator[Plan]:
    """What `plan_shards` gives for all entries in memory; here one shard's are."""
    group = functools.partial(shard_groups, tiling=tiling_of(recipe), scale=recipe["scale"])
    for split in SPLITS:
        count = sum(1 for _ in group(catalog.entries(split)))
        yield from named_plans(split, group(catalog.entries(split)), count)


def _write(runner: beam.Runner, planned: Planned, output: str, lock: Held) -> Written:
    recipe = planned.recipe
    finished = unfinished_shards(output, recipe)
    known = {shard.path: shard for shard in finished}
    shards = left = size = 0

    def tasks_of_plans() -> Iterator[dict[str, Any]]:
        nonlocal shards, left, size
        for plan in planned.plans:
            shards += 1
            shard = known.get(plan.path)
            if shard is None:
                left += 1
                size += plan.bytes
            yield {**asdict(plan), "finished": shard and asdict(shard)}

    tasks = Tasks(join(output, TASKS, "writing"), tasks_of_plans())
    check_disk(output, size, "the records")
    announce(output, recipe, shards=shards, left=left, size=size)
    write_unfinished(output, recipe, finished)
    work = WriteShard(planned.source, planned.entry, output, recipe)
    counters = tasks.run(runner, work, label="writing", unit="shard")
    lock.check()
    _remove_temporary(output)  # of workers that were killed
    manifest = finish(output, recipe, [Shard.from_json(shard) for shard in tasks.answers()])
    return Written(manifest, planned.skipped, {**planned.counters, **counters})


@dataclass(frozen=True)
class WriteShard:
    """Writes a shard, for worker processes.

    Called with the fields of a Plan and, where an earlier process finished the shard, what it said of it; returns those
    of the Shard.
    """

    source: PairMaker
    entry: type[Entry]
    output: str
    recipe: Recipe

    def __call__(self, plan: dict[str, Any]) -> dict[str, Any]:
        finished = plan["finished"] and Shard.from_json(plan["finished"])
        if finished and not shard_problem(self.output, finished, self.recipe):
            return plan["finished"]
        entries = [self.entry(**values) for values in plan["entries"]]
        (shard,) = write_shards(
            self.source, [Plan(plan["path"], entries, plan["bytes"])], self.output, tiling=tiling_of(self.recipe),
            compression=self.recipe["compression"], block=self.recipe["block"],
            threads=1,  # there is a worker for each core
        )  # fmt: skip
        remember(self.output, shard)
        beam.count("pictures", len(entries))
        beam.count("bytes", shard.bytes)
        beam.count("shards")
        return asdict(shard)


@dataclass(frozen=True)
class Div2kJobs:
    """DIV2K for worker processes, each of which opens it once. They need TFDS' folder, prepared."""

    config: str
    scale: int
    crop: int

    def opened(self) -> Div2kSource:
        return _opened(self)

    def jobs(self, entries: Sequence[Entry]) -> Iterator[Callable[[], Pair]]:
        return _opened(self).jobs(entries)


@functools.cache
def _opened(div2k: Div2kJobs) -> Div2kSource:
    return Div2kSource(div2k.config, scale=div2k.scale, crop=div2k.crop)
