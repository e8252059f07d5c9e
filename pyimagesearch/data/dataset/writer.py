"""Writes a dataset folder: shards first, each whole or not there, and the manifest last.

While it is written the folder holds unfinished.json: the recipe, and what the manifest will say of the shards that are
finished. Started again with the same recipe the writer keeps those that are still so and goes on; started with another,
it refuses. The same pictures give the same bytes.
"""

import contextlib
import hashlib
import importlib.metadata
import json
import logging
import os
import platform
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

import tensorflow as tf

from pyimagesearch.config import COMPRESSIONS, check_crop
from pyimagesearch.data.dataset.manifest import (
    SCHEMA,
    SPLITS,
    UNFINISHED,
    Manifest,
    Shard,
    load_manifest,
    manifest_path,
    read_manifest,
)
from pyimagesearch.data.dataset.recipe import differences
from pyimagesearch.data.dataset.shards import Plan, block_size, plan_shards, write_shards
from pyimagesearch.data.dataset.tiling import Tiling
from pyimagesearch.data.dataset.verify import shard_problems
from pyimagesearch.data.sources import make_source
from pyimagesearch.data.sources.base import Entry, Source
from pyimagesearch.errors import InputError
from pyimagesearch.system import console
from pyimagesearch.system.files import check_disk, exists, join, paths_in, read_text, remove_temporary, write_whole
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
    recipe, plans = _prepare(source, compression)
    with hold(output, what="dataset folder") as lock:
        for folder in (output, *(join(output, split) for split in SPLITS)):
            remove_temporary(folder)
        if exists(manifest_path(output)):
            return _already_written(output, recipe)
        done = {shard.path: shard for shard in _finished(output, recipe)}
        left = [plan for plan in plans if plan.path not in done]
        check_disk(output, sum(plan.bytes for plan in left), "the records")
        _announce(output, recipe, plans, left)
        _write_unfinished(output, recipe, done.values())
        for shard in _write(source, left, output, recipe):
            lock.check()
            done[shard.path] = shard
            _write_unfinished(output, recipe, done.values())
        manifest = Manifest(**recipe, shards=[done[plan.path] for plan in plans], versions=_versions())
        write_whole(manifest_path(output), manifest.to_json(), durable=True)
        tf.io.gfile.remove(join(output, UNFINISHED))
    return manifest


def repair_dataset(source: Source, output: str, *, compression: str = "none") -> Manifest:
    """Write anew the shards of `output` that are missing or not those of its manifest; returns the manifest."""
    manifest = load_manifest(output)
    recipe, plans = _prepare(source, compression)
    _same_recipe(output, asdict(manifest), recipe)
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


def _prepare(source: Source, compression: str) -> tuple[dict[str, Any], list[Plan]]:
    """What the manifest will say beside shards and versions, and the shards to write."""
    scale, crop = source.scale, source.crop
    check_crop(crop, scale)
    tiling = Tiling.for_crop(crop, scale)
    counts = {split: sum(entry.split == split for entry in source.entries) for split in SPLITS}
    recipe = dict(
        schema=SCHEMA, source=source.name, scale=scale, kernel=source.kernel, crop=crop, tile=tiling.tile,
        stride=tiling.stride, compression=compression, block=block_size(tiling, scale), pictures=counts,
        contents=_contents(source.entries),
    )  # fmt: skip
    return recipe, list(plan_shards(source.entries, tiling, scale))


def _contents(entries: Sequence[Entry]) -> str:
    """What tells the pictures of one source from another's: a hash of names, splits, sizes and files."""
    listing = sorted((entry.split, entry.name, entry.height, entry.width, entry.content) for entry in entries)
    return hashlib.sha256(json.dumps(listing).encode()).hexdigest()


def _already_written(output: str, recipe: dict[str, Any]) -> Manifest:
    manifest = read_manifest(output)
    _same_recipe(output, asdict(manifest), recipe)
    if exists(join(output, UNFINISHED)):  # a kill came between the manifest and its removal
        tf.io.gfile.remove(join(output, UNFINISHED))
    logger.info(f"{output} already holds these records")
    return manifest


def _same_recipe(output: str, before: dict[str, Any], recipe: dict[str, Any]) -> None:
    if found := differences(before, recipe):
        raise InputError(
            f"{output}: already holds other records ({'; '.join(found)}); give another `output` or delete that folder"
        )


def _finished(output: str, recipe: dict[str, Any]) -> Iterator[Shard]:
    """The shards that an earlier run of the same recipe finished; one that is damaged is written again."""
    if not any(paths_in(join(output, split), ".tfrec") for split in SPLITS):
        return  # without a shard, another recipe may take its place
    shards = _read_unfinished(output, recipe)
    for shard, problem in zip(shards, shard_problems(output, shards, recipe), strict=True):
        if problem:
            logger.info(f"{problem}; writing it again")
        else:
            yield shard


def _read_unfinished(output: str, recipe: dict[str, Any]) -> list[Shard]:
    """The shards that are finished by what unfinished.json says, if it is of this recipe."""
    path = join(output, UNFINISHED)
    if not exists(path):
        raise InputError(
            f"{output}: holds shards, but neither manifest.json nor {UNFINISHED} that says what they are; "
            "give another `output` or delete that folder"
        )
    try:
        unfinished = json.loads(read_text(path))
        shards = [Shard.from_json(values) for values in unfinished["shards"]]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise InputError(f"{path}: not written by this program; delete {output} or give another `output`") from None
    _same_recipe(output, unfinished, recipe)
    return shards


def _write_unfinished(output: str, recipe: dict[str, Any], shards: Iterable[Shard]) -> None:
    write_whole(join(output, UNFINISHED), json.dumps({**recipe, "shards": [asdict(shard) for shard in shards]}))


def _announce(output: str, recipe: dict[str, Any], plans: list[Plan], left: list[Plan]) -> None:
    verb, shards = "Writing", f"{len(plans)} shard{'s' if len(plans) > 1 else ''}"
    if len(left) < len(plans):
        verb, shards = "Going on with", f"{len(left)} of {shards}"
    most = "at most" if recipe["compression"] != "none" else "about"
    logger.info(
        f"{verb} {recipe['pictures']['train']} training and {recipe['pictures']['test']} test pictures to {output}: "
        f"{shards}, {most} {console.size(sum(plan.bytes for plan in left))}"
    )


def _write(source: Source, plans: list[Plan], output: str, recipe: dict[str, Any]) -> Iterator[Shard]:
    tiling = Tiling(recipe["tile"], recipe["stride"], recipe["crop"])
    total = sum(len(plan.entries) for plan in plans)
    with console.progress_bar(total=total, label="writing", unit="picture") as bar:
        yield from write_shards(
            source, plans, output, tiling=tiling, compression=recipe["compression"],
            block=recipe["block"], done=bar.update,
        )  # fmt: skip


def _versions() -> dict[str, str]:
    names = ("matplotlib", "numpy", "opencv-contrib-python", "pillow", "srgan")  # all of which make pixels
    packages = {}
    for name in names:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):  # OpenCV has wheels of other names
            packages[name] = importlib.metadata.version(name)
    return {"python": platform.python_version(), "tensorflow": tf.__version__, **packages}
