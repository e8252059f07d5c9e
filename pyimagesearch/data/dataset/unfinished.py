"""A dataset folder from its first shard to its manifest: whose records it holds, and which shards are finished."""

import contextlib
import hashlib
import importlib.metadata
import json
import logging
import platform
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any, Protocol

import tensorflow as tf

from pyimagesearch.config import check_crop
from pyimagesearch.data.dataset.manifest import (
    SCHEMA,
    SPLITS,
    UNFINISHED,
    Manifest,
    Shard,
    manifest_path,
    read_manifest,
)
from pyimagesearch.data.dataset.recipe import differences
from pyimagesearch.data.dataset.shards import block_size
from pyimagesearch.data.dataset.tiling import Tiling
from pyimagesearch.errors import InputError
from pyimagesearch.system import console, parallel
from pyimagesearch.system.files import exists, join, paths_in, read_text, remove, write_whole
from pyimagesearch.system.folders import remove_folder

logger = logging.getLogger(__name__)

FINISHED = ".srgan-finished"  # folder of what is known of shards that many processes write
TASKS = ".srgan-tasks"  # folder of what these processes do
AT_ONCE = 16  # such files read at a time: a bucket takes its time for each

Recipe = dict[str, Any]  # what a manifest says beside shards and versions
Listed = tuple[str, str, int, int, str]  # split, name, height, width, hash of a picture


class Described(Protocol):
    """What a recipe says of where pictures come from: see `sources.base.Source`."""

    @property
    def name(self) -> str: ...
    @property
    def kernel(self) -> str: ...
    @property
    def scale(self) -> int: ...
    @property
    def crop(self) -> int: ...


def make_recipe(source: Described, compression: str, counts: Mapping[str, int], listing: Iterable[Listed]) -> Recipe:
    """The recipe for pictures. counts: of each split. listing: of all pictures, sorted."""
    check_crop(source.crop, source.scale)
    tiling = Tiling.for_crop(source.crop, source.scale)
    return dict(
        schema=SCHEMA, source=source.name, scale=source.scale, kernel=source.kernel, crop=source.crop, tile=tiling.tile,
        stride=tiling.stride, compression=compression, block=block_size(tiling, source.scale), pictures=dict(counts),
        contents=_contents(listing),
    )  # fmt: skip


def tiling_of(recipe: Recipe) -> Tiling:
    """How the pictures of a recipe are cut."""
    return Tiling(recipe["tile"], recipe["stride"], recipe["crop"])


def _contents(listing: Iterable[Listed]) -> str:
    """What tells the pictures of one source from another's: a hash of the listing as JSON, a picture at a time."""
    digest = hashlib.sha256(b"[")
    for number, listed in enumerate(listing):
        digest.update((", " if number else "").encode() + json.dumps(listed).encode())
    digest.update(b"]")
    return digest.hexdigest()


def already_written(output: str, recipe: Recipe) -> Manifest:
    """The manifest of a finished folder. Raises InputError where it holds other records."""
    manifest = read_manifest(output)
    check_recipe(output, asdict(manifest), recipe)
    _clear(output)  # where a kill came between the manifest and this
    logger.info(f"{output} already holds these records")
    return manifest


def check_recipe(output: str, before: Mapping[str, Any], recipe: Recipe) -> None:
    """Raise InputError where a folder's records are of another recipe."""
    if found := differences(before, recipe):
        raise InputError(
            f"{output}: already holds other records ({'; '.join(found)}); give another `output` or delete that folder"
        )


def unfinished_shards(output: str, recipe: Recipe) -> list[Shard]:
    """The shards that are finished by what unfinished.json says. Raises InputError where it is of another recipe."""
    if not any(paths_in(join(output, split), ".tfrec") for split in SPLITS):
        return []  # without a shard, another recipe may take its place
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
    check_recipe(output, unfinished, recipe)
    known = {shard.path for shard in shards}
    names = paths_in(join(output, FINISHED), ".json")
    found = parallel.ordered(_read_shard, names, weight=lambda _: 1, budget=AT_ONCE, threads=AT_ONCE)
    return shards + [shard for shard in found if shard and shard.path not in known]


def remember(output: str, shard: Shard) -> None:
    """Say that a shard is finished, where many processes write shards."""
    write_whole(_finished_path(output, shard.path), json.dumps(asdict(shard)))


def _finished_path(output: str, path: str) -> str:
    return join(output, FINISHED, path.replace("/", "-").replace(".tfrec", ".json"))


def _read_shard(path: str) -> Shard | None:
    try:
        return Shard.from_json(json.loads(read_text(path)))
    except (ValueError, KeyError, TypeError, RecursionError):  # of a file that somebody edited
        return None


def write_unfinished(output: str, recipe: Recipe, shards: Iterable[Shard]) -> None:
    """Say which shards are finished."""
    write_whole(join(output, UNFINISHED), json.dumps({**recipe, "shards": [asdict(shard) for shard in shards]}))


def announce(output: str, recipe: Recipe, *, shards: int, left: int, size: int) -> None:
    """Log what is about to be written: `left` of `shards`, of `size` bytes of pixels."""
    verb, what = "Writing", f"{shards} shard{'s' if shards > 1 else ''}"
    if left < shards:
        verb, what = "Going on with", f"{left} of {what}"
    most = "at most" if recipe["compression"] != "none" else "about"
    logger.info(
        f"{verb} {recipe['pictures']['train']} training and {recipe['pictures']['test']} test pictures to {output}: "
        f"{what}, {most} {console.size(size)}"
    )


def finish(output: str, recipe: Recipe, shards: list[Shard]) -> Manifest:
    """Write the manifest of a folder whose shards are all there."""
    manifest = Manifest(**recipe, shards=shards, versions=_versions())
    write_whole(manifest_path(output), manifest.to_json(), durable=True)
    _clear(output)
    return manifest


def _clear(output: str) -> None:
    """Remove what only an unfinished folder holds."""
    for folder in (TASKS, FINISHED):
        remove_folder(join(output, folder))
    if exists(join(output, UNFINISHED)):
        remove(join(output, UNFINISHED))


def _versions() -> dict[str, str]:
    names = ("matplotlib", "numpy", "opencv-contrib-python", "pillow", "srgan")  # all of which make pixels
    packages = {}
    for name in names:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):  # OpenCV has wheels of other names
            packages[name] = importlib.metadata.version(name)
    return {"python": platform.python_version(), "tensorflow": tf.__version__, **packages}
