"""Where pictures come from: a folder, the sample that scikit-image carries, DIV2K through TFDS.

A source knows its pictures (`entries`) before it is asked for one, and then reads them as LR/HR pairs.
"""

import functools
import hashlib
import io
import logging
import os
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np

from pyimagesearch import console, images
from pyimagesearch.data import parallel
from pyimagesearch.data.pairs import Pair, match_lr, read_pair, same_area
from pyimagesearch.errors import MissingLibrary, UserError

KERNEL = "bicubic"  # MATLAB's imresize
GIVEN = "given"  # in its place where LR pictures come from files
DIV2K_CONFIGS = (
    "bicubic_x2", "bicubic_x3", "bicubic_x4", "bicubic_x8", "unknown_x2", "unknown_x3", "unknown_x4",
    "realistic_mild_x4", "realistic_difficult_x4", "realistic_wild_x4",
)  # fmt: skip
DIV2K_TYPICAL_SIZE = (1424, 2018)  # the mean over its 800 training pictures; TFDS does not tell the true sizes


@dataclass(frozen=True)
class Entry:
    """A picture that a source can read; `height` and `width` are those of its HR side, in pixels.

    `entries` lists pictures in an order that mixes them: neighbours become neighbours in a shard.
    """

    name: str
    split: str  # "train" or "test"
    height: int
    width: int
    content: str = ""  # hash of its files, where they are at hand: tells an edited picture from the old one
    decoded: int = 0  # pixels that are in memory while it is made, where they are more than its own


class Source(Protocol):
    name: str
    kernel: str  # what made the LR pictures
    entries: Sequence[Entry]
    skipped: list[str]  # why pictures were left out, a line each

    def jobs(self, entries: Sequence[Entry]) -> Iterator[Callable[[], Pair]]:
        """What makes the pairs of `entries`, a run of self.entries within one split: calls that any thread may do."""
        ...


class FolderSource:
    """HR pictures of any mix of sizes and formats; LR by bicubic, or from a folder of the same names.

    `paths` and `shrink` tell by a picture's name its file, and how many times smaller it is made.
    """

    name = "folder"

    def __init__(
        self,
        folder: str | os.PathLike[str],
        *,
        scale: int,
        crop: int,
        validation: float,
        lr_folder: str | os.PathLike[str] | None = None,
        resize: int | None = None,
        shrink: Sequence[int] = (1,),
        skip_bad: bool = False,
    ):
        self.scale, self._crop, self._resize = scale, crop, resize
        found = images.list_pictures(folder)
        self.paths = {_name(path, factor): path for factor in shrink for path in found}
        self.shrink = {_name(path, factor): factor for factor in shrink for path in found}
        self._lr_paths: dict[str, Path] | None = None
        self.kernel = KERNEL
        if lr_folder is not None:
            self._lr_paths = match_lr(found, lr_folder, scale)
            self.kernel = GIVEN
        sizes, problems = self._check()
        if problems and not skip_bad:
            more = f" (and {len(problems) - 1} more such pictures)" if len(problems) > 1 else ""
            raise UserError(f"{problems[0]}{more}; remove it, or leave such pictures out with --skip-bad")
        self.skipped = problems
        usable = {self.paths[name].name for name in sizes}
        if len(usable) < 2:
            raise UserError(
                f"{folder}: holds {len(usable)} usable picture(s); at least 2 are needed, one of them for test"
            )
        test = held_out(usable, validation)  # a picture at whatever size: training sees nothing of the test split
        self.entries: Sequence[Entry] = [
            Entry(n, "test" if self.paths[n].name in test else "train", *sizes[n]) for n in sorted(sizes, key=rank)
        ]

    def _check(self) -> tuple[dict[str, tuple[int, int, str, int]], list[str]]:
        """Decode every picture once, so that a bad one is named before anything is written."""

        def check(name: str) -> tuple[int, int, str, int] | str:
            try:
                hr = self._read(name).hr if self._lr_paths else images.read(self.paths[name])
            except MissingLibrary:
                raise
            except UserError as error:
                return str(error)
            factor = self.shrink[name]
            height, width = (side // factor // self.scale * self.scale for side in hr.shape[:2])
            if self._resize:
                height = width = self._resize
            if min(height, width) < self._crop:
                part = f"1/{factor} of " if factor > 1 else ""
                size = f"{part}{hr.shape[1]}x{hr.shape[0]}"
                return f"{self.paths[name]}: {size} pixels are fewer than the crop of {self._crop}"
            return height, width, self._hash(name), hr.shape[0] * hr.shape[1]

        found = parallel.ordered(check, self.paths, weight=lambda name: images.pixels(self.paths[name]))
        bar = console.progress(found, total=len(self.paths), label="checking", unit="picture")
        checked = dict(zip(self.paths, bar, strict=True))
        return (
            {name: size for name, size in checked.items() if not isinstance(size, str)},
            [problem for problem in checked.values() if isinstance(problem, str)],
        )

    def _hash(self, name: str) -> str:
        digest = hashlib.sha256(self.paths[name].read_bytes())
        if self._lr_paths:
            digest.update(self._lr_paths[name].read_bytes())
        return digest.hexdigest()

    def _read(self, name: str) -> Pair:
        lr_path = self._lr_paths[name] if self._lr_paths else None
        pair = read_pair(self.paths[name], lr_path, self.scale, self._resize, self.shrink[name])
        return replace(pair, name=name)

    def jobs(self, entries: Sequence[Entry]) -> Iterator[Callable[[], Pair]]:
        return (functools.partial(self._read, entry.name) for entry in entries)


def _name(path: Path, shrink: int) -> str:
    return path.name if shrink == 1 else f"{path.name} at 1/{shrink}"


def rank(name: str) -> float:
    """A number in [0, 1) that a name has for ever: it orders pictures and chooses the test split."""
    return int.from_bytes(hashlib.sha256(name.encode(errors="surrogateescape")).digest()[:8], "big") / 2**64


def held_out(names: Collection[str], fraction: float) -> set[str]:
    """The names of the test split: those whose rank is below `fraction`, at least one and never all."""
    count = sum(rank(name) < fraction for name in names)
    return set(sorted(names, key=rank)[: min(max(count, 1), len(names) - 1)])


class SampleSource:
    """The colour photographs that scikit-image carries; astronaut and chelsea are the test split."""

    name = "sample"
    kernel = KERNEL
    _TEST = ("astronaut", "chelsea")
    _TRAIN = ("coffee", "hubble_deep_field", "immunohistochemistry", "motorcycle", "retina", "rocket")

    def __init__(self, *, scale: int, crop: int):
        self._scale = scale
        self._pictures = {name: images.crop_to_multiple(_sample(name), scale) for name in (*self._TRAIN, *self._TEST)}
        self.skipped: list[str] = []
        for name, hr in self._pictures.items():
            if min(hr.shape[:2]) < crop:
                raise UserError(f"--crop {crop}: larger than the sample's picture {name} ({hr.shape[1]}x{hr.shape[0]})")
        self.entries: Sequence[Entry] = [
            Entry(name, "test" if name in self._TEST else "train", hr.shape[0], hr.shape[1])
            for name, hr in self._pictures.items()
        ]

    def jobs(self, entries: Sequence[Entry]) -> Iterator[Callable[[], Pair]]:
        return (functools.partial(self._read, entry.name) for entry in entries)

    def _read(self, name: str) -> Pair:
        hr = self._pictures[name]
        return Pair(name, images.downscale(hr, self._scale), hr)


def _sample(name: str) -> np.ndarray:
    from skimage import data

    if name == "motorcycle":
        return data.stereo_motorcycle()[0]
    return getattr(data, name)()


class Div2kSource:
    """DIV2K through TensorFlow Datasets, which downloads and prepares it on first use."""

    name = "div2k"

    def __init__(self, config: str, *, scale: int):
        if config not in DIV2K_CONFIGS:
            raise UserError(f"--div2k-config: unknown {config}; valid: {', '.join(DIV2K_CONFIGS)}")
        if not config.endswith(f"x{scale}"):
            raise UserError(f"--div2k-config {config} disagrees with --scale {scale}; give --scale {config[-1]}")
        import tensorflow_datasets as tfds

        self._scale = scale
        self.kernel = config.rpartition("_")[0]
        self._builder = tfds.builder(f"div2k/{config}")
        size = self._builder.info.download_size
        print(
            f"Preparing div2k/{config} in {self._builder.data_dir}"
            + (f": {console.size(size)} to download" if size else "")
        )
        logging.getLogger("urllib3").setLevel(
            logging.ERROR
        )  # it warns of each of its retries; the failure is ours to say
        try:
            self._builder.download_and_prepare(**download_options())
        except Exception as error:
            reason = " ".join(str(error).split())[:300]
            raise UserError(
                f"--source div2k: TensorFlow Datasets could not prepare div2k/{config} ({reason}); "
                "check the network, or give your own copy with --source folder --images DIR"
            ) from None
        self.skipped: list[str] = []
        self.entries: Sequence[Entry] = [
            Entry(f"{split}_{index:04d}", ours, *DIV2K_TYPICAL_SIZE)
            for split, ours in (("train", "train"), ("validation", "test"))
            for index in range(self._builder.info.splits[split].num_examples)
        ]

    def jobs(self, entries: Sequence[Entry]) -> Iterator[Callable[[], Pair]]:
        import tensorflow_datasets as tfds

        # TFDS reads ranges, and `entries` is a run of self.entries within one split. Its files are decoded by the jobs.
        split, _, first = entries[0].name.partition("_")
        encoded = self._builder.as_dataset(
            split=f"{split}[{int(first)}:{int(first) + len(entries)}]",
            decoders={side: tfds.decode.SkipDecoding() for side in ("lr", "hr")},
        )
        for entry, example in zip(entries, encoded.as_numpy_iterator(), strict=True):
            yield functools.partial(self._decode, entry.name, example["lr"], example["hr"])

    def _decode(self, name: str, lr: bytes, hr: bytes) -> Pair:
        return Pair(name, *same_area(images.read(io.BytesIO(lr)), images.read(io.BytesIO(hr)), self._scale))


def download_options() -> dict:
    """Arguments of TFDS' download_and_prepare; a test replaces this to work without a network."""
    return {}
