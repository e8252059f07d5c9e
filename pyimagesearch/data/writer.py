"""Writes a dataset folder: shards first, each whole or not there, and the manifest last."""

import hashlib
import importlib.metadata
import json
import os
import platform
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import tensorflow as tf
from tqdm import tqdm

from pyimagesearch import console
from pyimagesearch.data.pairs import Pair
from pyimagesearch.data.records import (
    SCHEMA,
    Manifest,
    Shard,
    Tiling,
    manifest_path,
    read_manifest,
    serialize,
)
from pyimagesearch.data.sources import Entry, Source
from pyimagesearch.errors import UserError
from pyimagesearch.files import appearing, check_disk, join, write_whole

SHARD_BYTES = 128_000_000  # large enough for a bucket, small enough that several feed one reader


@dataclass(frozen=True)
class _Plan:
    """A shard before it is written."""

    path: str
    entries: Sequence[Entry]
    bytes: int


def write_dataset(
    source: Source, output: str, *, scale: int, crop: int, say: Callable[[str], None] = print
) -> Manifest:
    """Write the records of `source` into `output` (local or gs://) and return the manifest."""
    tiling = Tiling.for_crop(crop, scale)
    counts = {split: sum(entry.split == split for entry in source.entries) for split in ("train", "test")}
    recipe: dict[str, Any] = dict(
        schema=SCHEMA, source=source.name, scale=scale, kernel=source.kernel, crop=crop, tile=tiling.tile,
        stride=tiling.stride, pictures=counts,
        contents=_contents(source.entries),
    )  # fmt: skip
    if tf.io.gfile.exists(manifest_path(output)):
        return _already_written(output, recipe, say)
    plans = list(_plan(source.entries, tiling, scale))
    needed = sum(plan.bytes for plan in plans)
    check_disk(output, needed, "the records")
    _make_folder(output)
    say(
        f"Writing {counts['train']} training and {counts['test']} test pictures to {output}: "
        f"{len(plans)} shard{'s' if len(plans) > 1 else ''}, about {console.size(needed)}"
    )
    with tqdm(total=len(source.entries), desc="writing", unit="picture", mininterval=0.5, disable=None) as bar:
        shards = [_write_shard(source, plan, output, tiling, scale, bar.update) for plan in plans]
    manifest = Manifest(**recipe, shards=shards, versions=_versions())
    write_whole(manifest_path(output), manifest.to_json())
    return manifest


def _contents(entries: Sequence[Entry]) -> str:
    """What tells the pictures of one source from another's: a hash of names, splits, sizes and files."""
    listing = sorted((entry.split, entry.name, entry.height, entry.width, entry.content) for entry in entries)
    return hashlib.sha256(json.dumps(listing).encode()).hexdigest()


def _already_written(output: str, recipe: dict, say: Callable[[str], None]) -> Manifest:
    manifest = read_manifest(output)
    differing = [name for name, value in recipe.items() if getattr(manifest, name) != value]
    if differing:
        name = differing[0]
        raise UserError(
            f"{output}: already holds records with {name} {getattr(manifest, name)}, asked for was {recipe[name]}; "
            "give another --output or delete that folder"
        )
    say(f"{output} already holds these records")
    return manifest


def _plan(entries: Sequence[Entry], tiling: Tiling, scale: int) -> Iterator[_Plan]:
    for split in ("train", "test"):
        groups: list[list[Entry]] = [[]]
        sizes = [0]
        for entry in (entry for entry in entries if entry.split == split):
            if split == "train":
                size = tiling.stored_bytes(entry.height, entry.width, scale)
            else:
                size = round(entry.height * entry.width * 3 * (1 + 1 / scale**2))
            if groups[-1] and sizes[-1] + size > SHARD_BYTES:
                groups.append([])
                sizes.append(0)
            groups[-1].append(entry)
            sizes[-1] += size
        for number, (group, size) in enumerate(zip(groups, sizes, strict=True)):
            yield _Plan(f"{split}/{number:05d}-of-{len(groups):05d}.tfrec", group, size)


def _make_folder(output: str) -> None:
    try:
        tf.io.gfile.makedirs(output)
    except tf.errors.OpError as error:
        raise UserError(f"--output {output}: this folder cannot be made ({error.message})") from None


def _write_shard(
    source: Source, plan: _Plan, output: str, tiling: Tiling, scale: int, done: Callable[[], object]
) -> Shard:
    path = join(output, plan.path)
    tf.io.gfile.makedirs(os.path.dirname(path))
    count = 0
    with appearing(path) as beside:
        with tf.io.TFRecordWriter(beside) as writer:
            for pair in source.read(plan.entries):
                for record in _records(pair, plan, tiling, scale):
                    writer.write(record)
                    count += 1
                done()
        digest, length = _digest(beside)
    return Shard(plan.path, count, length, digest)


def _records(pair: Pair, plan: _Plan, tiling: Tiling, scale: int) -> Iterator[bytes]:
    parts = tiling.cut(pair, scale) if plan.path.startswith("train/") else [pair]
    for part in parts:
        yield serialize(part.name, part.lr, part.hr)


def _digest(path: str) -> tuple[str, int]:
    digest, length = hashlib.sha256(), 0
    with tf.io.gfile.GFile(path, "rb") as file:
        while block := file.read(1 << 22):
            digest.update(block)
            length += len(block)
    return digest.hexdigest(), length


def _versions() -> dict[str, str]:
    packages = {name: importlib.metadata.version(name) for name in ("numpy", "pillow", "srgan")}
    return {"python": platform.python_version(), "tensorflow": tf.__version__, **packages}
