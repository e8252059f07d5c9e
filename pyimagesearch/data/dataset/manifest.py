"""manifest.json: what a dataset folder says of itself. It comes last; a folder without one is unfinished."""

import json
import math
import operator
import re
from dataclasses import asdict, dataclass
from typing import Any

import tensorflow as tf

from pyimagesearch.config import COMPRESSIONS
from pyimagesearch.data.sources.base import GIVEN
from pyimagesearch.errors import InputError
from pyimagesearch.images.folders import SUFFIXES
from pyimagesearch.system.files import exists, is_folder, join, paths_in, read_text

SCHEMA = 2
SPLITS = ("train", "test")
SHARD_PATH = re.compile(r"(train|test)/\d{5,}-of-\d{5,}\.tfrec")
MANIFEST = "manifest.json"
UNFINISHED = "unfinished.json"  # recipe and finished shards of a folder that is being written


@dataclass(frozen=True)
class Shard:
    """One .tfrec file. Blocks of `Manifest.block` records can be read without what precedes them."""

    path: str  # relative to the dataset folder
    records: int
    lr_pixels: int  # of all its records
    bytes: int
    sha256: str
    blocks: tuple[int, ...]  # offset of every block in the file, in bytes
    smallest: int = 0  # shortest side of its records in HR pixels; 0 in manifests of older versions, which did not say

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "Shard":
        return cls(**{**values, "blocks": tuple(values["blocks"])})


@dataclass(frozen=True)
class Manifest:
    """Recipe, pictures and shards of a dataset folder; sizes in HR pixels."""

    schema: int
    source: str
    scale: int
    kernel: str
    crop: int
    tile: int
    stride: int
    compression: str  # of the pixels inside the records: one of config.COMPRESSIONS
    block: int  # records in a block
    pictures: dict[str, int]  # per split
    contents: str  # hash of the pictures' names, splits, sizes and files
    shards: list[Shard]
    versions: dict[str, str]

    def of_split(self, split: str) -> list[Shard]:
        return [shard for shard in self.shards if shard.path.startswith(f"{split}/")]

    def records(self, split: str) -> int:
        return sum(shard.records for shard in self.of_split(split))

    @property
    def largest_crop(self) -> int:
        """The side of the largest crop that every training record holds, in HR pixels."""
        return max(self.crop, min(shard.smallest for shard in self.of_split("train")))

    def to_json(self) -> str:
        """One line a field and a shard: people compare these files."""
        values = asdict(self)
        shards = ",\n".join(f"  {json.dumps(shard)}" for shard in values["shards"])
        lines = [f" {json.dumps(name)}: {json.dumps(value)}" for name, value in values.items() if name != "shards"]
        return "{\n" + ",\n".join([*lines, f' "shards": [\n{shards}\n ]']) + "\n}\n"

    def command(self, **flags: object) -> str:
        """The create_tfrecords.py command of this recipe, `flags` replaced."""
        recipe = {"source": self.source, "scale": self.scale, "crop": self.crop, **flags}
        if self.source in ("folder", "tfrecord"):
            recipe["images"] = "DIR"
            if self.source == "folder" and self.kernel == GIVEN:
                recipe["lr-images"] = "DIR"
        if self.source == "div2k":
            recipe["div2k-config"] = f"{self.kernel}_x{recipe['scale']}"
        if self.compression != "none":
            recipe["compression"] = self.compression
        return " ".join(["python create_tfrecords.py", *(f"--{name} {value}" for name, value in recipe.items())])


def manifest_path(folder: str) -> str:
    return join(folder, MANIFEST)


def read_manifest(folder: str) -> Manifest:
    """The manifest of `folder`, its shards checked for presence and size (not for their hashes)."""
    manifest = load_manifest(folder)
    for shard in manifest.shards:
        problem = presence_problem(folder, shard)
        if problem:
            raise InputError(f"{problem}; {repair_hint(folder)}")
    return manifest


def load_manifest(folder: str) -> Manifest:
    """The manifest of `folder`, whatever became of its shards."""
    command = "write it with create_tfrecords.py"
    if not is_folder(folder):
        raise InputError(f"{folder}: no such TFRecord folder; {command}")
    if exists(manifest_path(folder)):
        return _parse(folder, read_text(manifest_path(folder)))
    if exists(join(folder, UNFINISHED)):
        raise InputError(f"{folder}: its records are unfinished; give create_tfrecords.py the same flags to go on")
    photographs = any(name.lower().endswith(SUFFIXES) for name in paths_in(folder, ""))
    source, what = ("folder", "photographs") if photographs else ("tfrecord", "records of the tutorial")
    raise InputError(
        f"{folder}: holds no manifest.json, so it is no finished TFRecord folder; {command} "
        f"(from {what} with --source {source} --images {folder})"
    )


def presence_problem(folder: str, shard: Shard) -> str | None:
    """Why a shard is not even there in its size, or None."""
    path = join(folder, shard.path)
    if not exists(path):
        return f"{path}: this shard is missing"
    length = tf.io.gfile.stat(path).length
    if length != shard.bytes:
        what = "truncated" if length < shard.bytes else "foreign or damaged"
        return f"{path}: {what} shard ({length} bytes, the manifest says {shard.bytes})"
    return None


def repair_hint(folder: str) -> str:
    return (
        f"create_tfrecords.py --repair --output {folder}, with the flags that wrote them, writes bad shards anew "
        f"(srgan verify {folder} lists them)"
    )


def _parse(folder: str, text: str) -> Manifest:
    path, again = manifest_path(folder), f"delete {folder} and run create_tfrecords.py again"
    try:
        values: dict[str, Any] = json.loads(text)
        if values["schema"] == SCHEMA:
            manifest = Manifest(**{**values, "shards": [Shard.from_json(shard) for shard in values["shards"]]})
            _check(manifest)
            return manifest
        schema = values["schema"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise InputError(f"{path}: not a manifest of this program; {again}") from None
    raise InputError(f"{folder}: records of schema {schema}, this program reads {SCHEMA}; {again}")


def _check(manifest: Manifest) -> None:
    """Raise ValueError where values are of another type, cannot be, or do not belong together."""
    texts = (manifest.source, manifest.kernel, manifest.contents, *manifest.versions, *manifest.versions.values())
    numbers = [manifest.scale, manifest.crop, manifest.tile, manifest.stride, manifest.block]
    numbers += [manifest.pictures[split] for split in SPLITS]
    paths = {shard.path for shard in manifest.shards}
    if not (
        all(isinstance(text, str) for text in texts)
        and all(_is_count(number) for number in numbers)
        and manifest.crop <= manifest.tile
        and manifest.compression in COMPRESSIONS
        and len(paths) == len(manifest.shards)
        and all(manifest.of_split(split) for split in SPLITS)
        and all(_is_possible(shard, manifest.block) for shard in manifest.shards)
    ):
        raise ValueError


def _is_count(number: object) -> bool:
    return type(number) is int and 0 < number < 2**63


def _is_possible(shard: Shard, block: int) -> bool:
    offsets = (*shard.blocks, shard.bytes)
    return (
        SHARD_PATH.fullmatch(shard.path) is not None  # nothing outside of the folder
        and re.fullmatch("[0-9a-f]{64}", shard.sha256) is not None
        and all(map(_is_count, (shard.records, shard.lr_pixels, shard.bytes)))
        and type(shard.smallest) is int
        and len(shard.blocks) == math.ceil(shard.records / block)
        and offsets[0] == 0
        and set(map(type, offsets)) == {int}
        and all(map(operator.lt, offsets, offsets[1:]))  # of millions of offsets: no Python code for each
    )


def check_usable(folder: str, manifest: Manifest, *, scale: int, crop: int) -> None:
    """Raise InputError unless every training record of `manifest` holds crops of `crop` at `scale`."""
    if manifest.scale != scale:
        raise InputError(
            f"{folder}: records of scale {manifest.scale}, but this run's scale is {scale}; "
            f"write others with {_others(manifest, scale=scale, crop=crop)}"
        )
    if manifest.largest_crop < crop:
        raise InputError(
            f"{folder}: records that hold crops of at most {manifest.largest_crop}, but this run's crop is {crop}; "
            f"write others with {_others(manifest, crop=crop)}"
        )


def _others(manifest: Manifest, **flags: int) -> str:
    command = manifest.command(**flags, output="OTHER")
    if manifest.source != "folder":
        return command
    return f"{command}, and with those of `shrink`, `resize`, `collages`, `imperfect` and `validation` that wrote these"
