"""The TFRecord contract: schema, tiles, shards, manifest.

A dataset folder holds train/*.tfrec (tiles), test/*.tfrec (whole pictures) and manifest.json, which comes last:
a folder without one is unfinished. Every record is an LR/HR pair of raw uint8 RGB.
"""

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from pyimagesearch.data.pairs import Pair
from pyimagesearch.errors import UserError
from pyimagesearch.files import join

SCHEMA = 1
COVERAGE = math.sqrt(0.75)  # of the crop positions along each side, so that tiles hold 3/4 of a picture's
# Declared once, for writer and parser. lr and hr: uint8, row by row; shape: height and width of lr.
FEATURES = {
    "name": tf.io.FixedLenFeature([], tf.string),
    "shape": tf.io.FixedLenFeature([2], tf.int64),
    "lr": tf.io.FixedLenFeature([], tf.string),
    "hr": tf.io.FixedLenFeature([], tf.string),
}


def _bytes(value: bytes) -> tf.train.Feature:
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))


def serialize(name: str, lr: np.ndarray, hr: np.ndarray) -> bytes:
    """One record of lr (h, w, 3) and hr (scale*h, scale*w, 3), both uint8."""
    shape = tf.train.Feature(int64_list=tf.train.Int64List(value=lr.shape[:2]))
    feature = {
        "name": _bytes(name.encode(errors="surrogateescape")),
        "shape": shape,
        "lr": _bytes(lr.tobytes()),
        "hr": _bytes(hr.tobytes()),
    }
    return tf.train.Example(features=tf.train.Features(feature=feature)).SerializeToString()


def parse(record: tf.Tensor, scale: int) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """name (), lr (h, w, 3) uint8 and hr (scale*h, scale*w, 3) uint8 of a serialized record."""
    example = tf.io.parse_single_example(record, FEATURES)
    height, width = tf.unstack(example["shape"])
    lr = tf.reshape(tf.io.decode_raw(example["lr"], tf.uint8), [height, width, 3])
    hr = tf.reshape(tf.io.decode_raw(example["hr"], tf.uint8), [height * scale, width * scale, 3])
    return example["name"], lr, hr


@dataclass(frozen=True)
class Tiling:
    """How large pictures are cut, in HR pixels; a picture smaller than `tile` is stored whole."""

    tile: int
    stride: int  # between tiles of an endless picture
    crop: int

    @classmethod
    def for_crop(cls, crop: int, scale: int) -> "Tiling":
        """The smallest overlapping tiles that hold 3/4 of a large picture's crops in at most twice its pixels.

        Along one side, tiles of t at a stride of s store t/s of the pixels and (t - crop + 1)/s of the crop
        positions, counted in LR pixels since crops start on them.
        """
        lr_crop = crop // scale
        for tile in range(lr_crop, 100 * lr_crop):
            stride = math.ceil(tile / math.sqrt(2))
            if (tile - lr_crop + 1) / stride >= COVERAGE:
                return cls(tile * scale, stride * scale, crop)
        raise AssertionError("a tile of 100 crops holds nearly all positions")

    def offsets(self, length: int, scale: int) -> list[int]:
        """Where tiles begin along a side of `length` HR pixels: evenly, the last one flush with the border.

        Only so many that they hold COVERAGE of the side: a tile more at each border would be a fifth of a DIV2K
        picture.
        """
        if length <= self.tile:
            return [0]
        held, positions = ((side - self.crop) // scale + 1 for side in (self.tile, length))
        count = max(2, math.ceil(COVERAGE * positions / held))
        step = (length - self.tile) / (count - 1)
        return [round(index * step / scale) * scale for index in range(count)]

    def cut(self, pair: Pair, scale: int) -> Iterator[Pair]:
        """The tiles of a pair. LR tiles are cut from the whole LR picture, never made from HR tiles."""
        for top in self.offsets(pair.hr.shape[0], scale):
            for left in self.offsets(pair.hr.shape[1], scale):
                hr = pair.hr[top : top + self.tile, left : left + self.tile]
                lr = pair.lr[top // scale : (top + self.tile) // scale, left // scale : (left + self.tile) // scale]
                yield Pair(f"{pair.name}@{left},{top}", lr, hr)

    def stored_bytes(self, height: int, width: int, scale: int) -> int:
        """Bytes that the tiles of a picture take, LR and HR."""
        rows, columns = len(self.offsets(height, scale)), len(self.offsets(width, scale))
        pixels = rows * min(height, self.tile) * columns * min(width, self.tile)
        return round(pixels * 3 * (1 + 1 / scale**2))


@dataclass(frozen=True)
class Shard:
    path: str  # relative to the dataset folder
    records: int
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """What a dataset folder says of itself."""

    schema: int
    source: str
    scale: int
    kernel: str
    crop: int
    tile: int
    stride: int
    pictures: dict[str, int]  # per split
    contents: str  # hash of the pictures' names, splits, sizes and files
    shards: list[Shard]
    versions: dict[str, str]

    def of_split(self, split: str) -> list[Shard]:
        return [shard for shard in self.shards if shard.path.startswith(f"{split}/")]

    def records(self, split: str) -> int:
        return sum(shard.records for shard in self.of_split(split))

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=1) + "\n"


def manifest_path(folder: str) -> str:
    return join(folder, "manifest.json")


_AGAIN = "delete {} and run create_tfrecords.py again"


def read_manifest(folder: str) -> Manifest:
    """The manifest of `folder`, its shards checked for presence and size (not for their hashes)."""
    command = "write it with create_tfrecords.py"
    if not tf.io.gfile.isdir(folder):
        raise UserError(f"{folder}: no such TFRecord folder; {command}")
    if not tf.io.gfile.exists(manifest_path(folder)):
        raise UserError(f"{folder}: holds no manifest.json, so its records are missing or unfinished; {command}")
    with tf.io.gfile.GFile(manifest_path(folder), "rb") as file:
        manifest = _parse_manifest(folder, file.read())
    for shard in manifest.shards:
        path = join(folder, shard.path)
        if not tf.io.gfile.exists(path):
            raise UserError(f"{path}: this shard is missing; {_AGAIN.format(folder)}")
        length = tf.io.gfile.stat(path).length
        if length != shard.bytes:
            raise UserError(
                f"{path}: truncated or foreign shard ({length} bytes, the manifest says {shard.bytes}); "
                f"{_AGAIN.format(folder)}"
            )
    return manifest


def _parse_manifest(folder: str, text: bytes) -> Manifest:
    try:
        values: dict[str, Any] = json.loads(text)
        if values["schema"] == SCHEMA:
            return Manifest(**{**values, "shards": [Shard(**shard) for shard in values["shards"]]})
        found = values["schema"]
    except (ValueError, KeyError, TypeError):
        raise UserError(f"{manifest_path(folder)}: not a manifest of this program; {_AGAIN.format(folder)}") from None
    raise UserError(f"{folder}: records of schema {found}, this program reads {SCHEMA}; {_AGAIN.format(folder)}")


def check_usable(folder: str, manifest: Manifest, *, scale: int, crop: int) -> None:
    """Raise UserError unless records of `manifest` serve crops of `crop` at `scale`. Smaller crops are fine."""
    if manifest.scale != scale:
        raise UserError(f"{folder}: records of scale {manifest.scale}, but the preset's scale is {scale}")
    if manifest.crop < crop:
        raise UserError(
            f"{folder}: records made for crops of {manifest.crop}, but the preset's crop is {crop}; "
            f"write others with create_tfrecords.py --crop {crop}"
        )


def read_pictures(folder: str, manifest: Manifest, count: int | None = None) -> Iterator[Pair]:
    """The first `count` whole pictures of the test split."""
    paths = [join(folder, shard.path) for shard in manifest.of_split("test")]
    dataset = tf.data.TFRecordDataset(paths).take(-1 if count is None else count)
    try:
        for record in dataset:
            name, lr, hr = parse(record, manifest.scale)
            yield Pair(name.numpy().decode(errors="surrogateescape"), lr.numpy(), hr.numpy())
    except tf.errors.DataLossError:
        raise UserError(corrupt_message(paths)) from None


def corrupt_message(paths: Sequence[str]) -> str:
    """Says which of `paths` holds the corrupt record that TensorFlow met without naming its file."""
    for path in paths:
        good = 0
        try:
            for _ in tf.data.TFRecordDataset(path):
                good += 1
        except tf.errors.DataLossError:
            return (
                f"{path}: corrupt record after {good} good ones; delete the dataset and run create_tfrecords.py again"
            )
    return f"{paths[0]} or a shard beside it held a corrupt record, which is gone when read again; check the disk"
