"""Shards: which pictures go where, and how one is written."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import tensorflow as tf

from pyimagesearch.data.dataset.manifest import SPLITS, Shard
from pyimagesearch.data.dataset.records import BLOCK, BLOCK_BYTES, FRAMING, serialize
from pyimagesearch.data.dataset.tiling import Tiling
from pyimagesearch.data.pairs import Pair
from pyimagesearch.data.sources.base import Entry, PairMaker
from pyimagesearch.errors import InputError
from pyimagesearch.system import parallel
from pyimagesearch.system.files import appearing, join

SHARD_BYTES = 128_000_000  # large enough for a bucket, small enough to be held while its tiles are mixed


@dataclass(frozen=True)
class Plan:
    """A shard before it is written; `bytes` of uncompressed pixels."""

    path: str
    entries: Sequence[Entry]
    bytes: int

    @property
    def tiled(self) -> bool:
        return self.path.startswith("train/")


@dataclass(frozen=True)
class _Record:
    name: str
    lr_pixels: int
    side: int  # the shorter one, in HR pixels
    data: bytes


def plan_shards(entries: Sequence[Entry], tiling: Tiling, scale: int) -> Iterator[Plan]:
    """Runs of `entries` of about SHARD_BYTES: tiles in train/, whole pictures in test/."""
    for split in SPLITS:
        groups = list(shard_groups((entry for entry in entries if entry.split == split), tiling, scale))
        yield from named_plans(split, groups, len(groups))


def named_plans(split: str, groups: Iterable[tuple[list[Entry], int]], count: int) -> Iterator[Plan]:
    """The plans of a split out of its `count` groups; without entries it has a single empty one."""
    for number, (group, size) in enumerate(groups):
        yield Plan(f"{split}/{number:05d}-of-{count:05d}.tfrec", group, size)


def shard_groups(entries: Iterable[Entry], tiling: Tiling, scale: int) -> Iterator[tuple[list[Entry], int]]:
    """The entries of each shard of one split, and their bytes. One group is in memory at a time."""
    group: list[Entry] = []
    total = 0
    for entry in entries:
        pixels = entry.height * entry.width
        if entry.split == "train":
            pixels = tiling.plan(entry.height, entry.width, scale).pixels
        size = round(pixels * 3 * (1 + 1 / scale**2))
        if group and total + size > SHARD_BYTES:
            yield group, total
            group, total = [], 0
        group.append(entry)
        total += size
    yield group, total


def block_size(tiling: Tiling, scale: int) -> int:
    """Records in a block: what is read in one go."""
    tile_bytes = round(3 * tiling.tile**2 * (1 + 1 / scale**2))
    return max(1, min(BLOCK, BLOCK_BYTES // tile_bytes))


def write_shards(
    source: PairMaker,
    plans: Sequence[Plan],
    output: str,
    *,
    tiling: Tiling,
    compression: str,
    block: int,
    done: Callable[[], object] = lambda: None,
    threads: int | None = None,
) -> Iterator[Shard]:
    """Write `plans` one after the other; `done()` follows every picture. threads: as `parallel.ordered` takes them."""

    def records(item: tuple[Plan, Entry, Callable[[], Pair]]) -> list[_Record]:
        plan, _, job = item
        pair = job()
        if plan.tiled and min(pair.hr.shape[:2]) < tiling.crop:
            height, width = pair.hr.shape[:2]
            raise InputError(
                f"{pair.name}: {width}x{height} pixels are fewer than the crop of {tiling.crop}; lower `crop`"
            )
        parts = tiling.cut(pair, source.scale) if plan.tiled else [pair]
        return [
            _Record(
                tile.name,
                tile.lr.shape[0] * tile.lr.shape[1],
                min(tile.hr.shape[:2]),
                serialize(tile.name, tile.lr, tile.hr, compression),
            )
            for tile in parts
        ]

    items = (
        (plan, entry, job) for plan in plans for entry, job in zip(plan.entries, source.jobs(plan.entries), strict=True)
    )
    made = parallel.ordered(
        records, items, weight=lambda item: max(item[1].decoded, item[1].height * item[1].width), threads=threads
    )
    for plan in plans:
        shard_records: list[_Record] = []
        for _ in plan.entries:
            shard_records += next(made)
            done()
        if plan.tiled:
            # Neighbours in a shard are read together: mixed, they come from all its pictures. A hash of the name
            # gives the same order on every machine.
            shard_records.sort(key=lambda record: hashlib.sha256(record.name.encode(errors="surrogateescape")).digest())
        yield _write_shard(output, plan.path, shard_records, block)


def _write_shard(output: str, name: str, records: list[_Record], block: int) -> Shard:
    path = join(output, name)
    with appearing(path, durable=True) as beside:
        with tf.io.TFRecordWriter(beside) as writer:
            for record in records:
                writer.write(record.data)
        digest, length = hash_file(beside)
    starts, position = [], 0
    for record in records:
        starts.append(position)
        position += len(record.data) + FRAMING
    lr_pixels = sum(record.lr_pixels for record in records)
    smallest = min(record.side for record in records)
    return Shard(name, len(records), lr_pixels, length, digest, tuple(starts[::block]), smallest)


def hash_file(path: str) -> tuple[str, int]:
    """SHA-256 and size of a file."""
    digest, length = hashlib.sha256(), 0
    with tf.io.gfile.GFile(path, "rb") as file:
        while block := file.read(1 << 22):
            digest.update(block)
            length += len(block)
    return digest.hexdigest(), length
