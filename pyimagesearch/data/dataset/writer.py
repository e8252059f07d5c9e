"""Writes a dataset folder: shards first, each whole or not there, and the manifest last.

While it is written the folder holds unfinished.json: the recipe, and what the manifest will say of the shards that are
finished. Started again with the same recipe the writer keeps those that are still so and goes on; started with another,
it refuses. The same pictures give the same bytes.
"""

import logging
import os
from collections.abc import Iterator
from dataclasses import asdict

from pyimagesearch.config import COMPRESSIONS
from pyimagesearch.data.dataset.manifest import SPLITS, Manifest, Shard, load_manifest, manifest_path
from pyimagesearch.data.dataset.shards import Plan, plan_shards, write_shards
from pyimagesearch.data.dataset.unfinished import (
    Recipe,
    already_written,
    announce,
    check_recipe,
    finish,
    make_recipe,
    tiling_of,
    unfinished_shards,
    write_unfinished,
)
from pyimagesearch.data.dataset.verify import shard_problems
from pyimagesearch.data.sources import make_source
from pyimagesearch.data.sources.base import Source
from pyimagesearch.errors import InputError
from pyimagesearch.system import console
from pyimagesearch.system.files import check_disk, exists, join, remove_temporary
from pyimagesearch.system.locks import hold

logger = logging.getLogger(__name__)


def write_records(
    source: Source | str | os.PathLike[str],
    output: str | os.PathLike[str] = "tfrecord",
    *,
    scale: int | None = None,
    crop: int | None = None,
    validation: float | None = None,
    compression: str = "none",
    repair: bool = False,
) -> Manifest:
    """Write LR/HR pairs as TFRecord shards: overlapping tiles for training, whole pictures for test.

    source: a folder of HR pictures, uint8 RGB of any size and format, whose LR pictures are made by MATLAB-equivalent
        bicubic; or what `pyimagesearch.data.sources.make_source` returns, for LR pictures from files, DIV2K, the sample
        photographs, collages and imperfect pictures.
    output: local or gs:// folder. A folder that already holds these records stays as it is; one that is unfinished is
        completed.
    scale: HR size over LR size (default 4). Only for a folder, like the next two; any other source knows its own.
    crop: side of the HR training crops that the records must serve, in pixels; a multiple of `scale` from 16 on
        (default 96). Smaller crops can be read from the same records, and larger ones that every record holds.
    validation: part of the pictures that is held out for test, from 0 to below 1; at least one is (default 0.05).
    compression: of the pixels in the records: "none", or "png" for smaller records that load 10 to 20 times slower.
    repair: write only the shards of a finished folder that are missing or bad.

    Returns the manifest: pictures, shards, records and how they were made. Progress is logged at level info.
    Raises InputError for an argument that is wrong, a bad picture, a full disk, or a folder of other records.

    Example:
        manifest = write_records("photographs", "tfrecord/photographs", scale=4, crop=96)
        print(manifest.records("train"), "tiles of", manifest.pictures["train"], "pictures")
    """
    if isinstance(source, str | os.PathLike):
        source = make_source("folder", images=source, scale=scale or 4, crop=crop, validation=validation)
    else:
        given = {"scale": scale, "crop": crop, "validation": validation}
        for name, value in given.items():
            if value is not None:
                raise InputError(f"`{name}` belongs to a folder of pictures; a source is made with its own")
    if compression not in COMPRESSIONS:
        raise InputError(f"`compression` must be one of {', '.join(COMPRESSIONS)}, received {compression}")
    work = repair_dataset if repair else write_dataset
    return work(source, os.fspath(output), compression=compression)


def write_dataset(source: Source, output: str, *, compression: str = "none") -> Manifest:
    """Write the records of `source` into `output` (local or gs://), or what is left of them; returns the manifest."""
    recipe, plans = prepare(source, compression)
    with hold(output, what="dataset folder") as lock:
        for folder in (output, *(join(output, split) for split in SPLITS)):
            remove_temporary(folder)
        if exists(manifest_path(output)):
            return already_written(output, recipe)
        done = {shard.path: shard for shard in _finished(output, recipe)}
        left = [plan for plan in plans if plan.path not in done]
        size = sum(plan.bytes for plan in left)
        check_disk(output, size, "the records")
        announce(output, recipe, shards=len(plans), left=len(left), size=size)
        write_unfinished(output, recipe, done.values())
        for shard in _write(source, left, output, recipe):
            lock.check()
            done[shard.path] = shard
            write_unfinished(output, recipe, done.values())
        return finish(output, recipe, [done[plan.path] for plan in plans])


def repair_dataset(source: Source, output: str, *, compression: str = "none") -> Manifest:
    """Write anew the shards of `output` that are missing or not those of its manifest; returns the manifest."""
    manifest = load_manifest(output)
    recipe, plans = prepare(source, compression)
    check_recipe(output, asdict(manifest), recipe)
    expected = {shard.path: shard for shard in manifest.shards}
    if expected.keys() != {plan.path for plan in plans}:
        raise InputError(
            f"{output}: this program gives these pictures other shards; delete {output} and write it again"
        )
    with hold(output, what="dataset folder"):
        problems = dict(zip(expected, shard_problems(output, manifest.shards, recipe), strict=True))
        bad = [plan for plan in plans if problems[plan.path]]
        for plan in bad:
            logger.info(str(problems[plan.path]))
        check_disk(output, sum(plan.bytes for plan in bad), "the repaired shards")
        for shard in _write(source, bad, output, recipe):
            before = expected[shard.path]
            if (shard.sha256, shard.blocks) != (before.sha256, before.blocks):
                raise InputError(
                    f"{join(output, shard.path)}: written anew it differs from the manifest, whose records were made "
                    f"by {manifest.versions}; delete {output} and write all of it again"
                )
    logger.info(
        f"{output}: {len(bad)} of {len(plans)} shards written anew" if bad else f"{output}: every shard is good"
    )
    return manifest


def prepare(source: Source, compression: str) -> tuple[Recipe, list[Plan]]:
    """What the manifest will say beside shards and versions, and the shards to write."""
    counts = {split: sum(entry.split == split for entry in source.entries) for split in SPLITS}
    listing = sorted((entry.split, entry.name, entry.height, entry.width, entry.content) for entry in source.entries)
    recipe = make_recipe(source, compression, counts, listing)
    return recipe, list(plan_shards(source.entries, tiling_of(recipe), source.scale))


def _finished(output: str, recipe: Recipe) -> Iterator[Shard]:
    """The shards that an earlier run of the same recipe finished; one that is damaged is written again."""
    shards = unfinished_shards(output, recipe)
    for shard, problem in zip(shards, shard_problems(output, shards, recipe), strict=True):
        if problem:
            logger.info(f"{problem}; writing it again")
        else:
            yield shard


def _write(source: Source, plans: list[Plan], output: str, recipe: Recipe) -> Iterator[Shard]:
    total = sum(len(plan.entries) for plan in plans)
    with console.progress_bar(total=total, label="writing", unit="picture") as bar:
        yield from write_shards(
            source, plans, output, tiling=tiling_of(recipe), compression=recipe["compression"],
            block=recipe["block"], done=bar.update,
        )  # fmt: skip
