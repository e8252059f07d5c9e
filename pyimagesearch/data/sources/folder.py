"""A folder of pictures."""

import functools
import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from pyimagesearch.data.pairs import Pair, match_lr, read_pair
from pyimagesearch.data.sources.base import GIVEN, KERNEL, Entry, held_out, rank
from pyimagesearch.errors import InputError, MissingLibraryError
from pyimagesearch.images import picture_io
from pyimagesearch.system import console, parallel


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
        self.scale, self.crop, self._resize = scale, crop, resize
        paths = picture_io.list_pictures(folder)
        self.paths = {_name(path, factor): path for factor in shrink for path in paths}
        self.shrink = {_name(path, factor): factor for factor in shrink for path in paths}
        self._lr_paths: dict[str, Path] | None = None
        self.kernel = KERNEL
        if lr_folder is not None:
            self._lr_paths = match_lr(paths, lr_folder, scale)
            self.kernel = GIVEN
        sizes, problems = self._check()
        if problems and not skip_bad:
            more = f" (and {len(problems) - 1} more such pictures)" if len(problems) > 1 else ""
            raise InputError(f"{problems[0]}{more}; remove it, or leave such pictures out with `skip_bad`")
        self.skipped = problems
        usable = {self.paths[name].name for name in sizes}
        if len(usable) < 2:
            raise InputError(
                f"{folder}: holds {len(usable)} usable picture(s); at least 2 are needed, one of them for test"
            )
        test = held_out(usable, validation)  # a picture at whatever size: training sees nothing of the test split
        self.entries: Sequence[Entry] = [
            Entry(n, "test" if self.paths[n].name in test else "train", *sizes[n]) for n in sorted(sizes, key=rank)
        ]
        self._contents = {entry.name: entry.content for entry in self.entries}

    def _check(self) -> tuple[dict[str, tuple[int, int, str, int]], list[str]]:
        """Decode every picture once, so that a bad one is named before anything is written."""

        def check(name: str) -> tuple[int, int, str, int] | str:
            try:
                hr = self._read(name).hr if self._lr_paths else picture_io.read_rgb(self.paths[name])
            except MissingLibraryError:
                raise
            except InputError as error:
                return str(error)
            factor = self.shrink[name]
            height, width = (side // factor // self.scale * self.scale for side in hr.shape[:2])
            if self._resize:
                height = width = self._resize
            if min(height, width) < self.crop:
                part = f"1/{factor} of " if factor > 1 else ""
                size = f"{part}{hr.shape[1]}x{hr.shape[0]}"
                return f"{self.paths[name]}: {size} pixels are fewer than the crop of {self.crop}"
            return height, width, self._hash(name), hr.shape[0] * hr.shape[1]

        checks = parallel.ordered(check, self.paths, weight=lambda name: picture_io.header_pixels(self.paths[name]))
        bar = console.progress(checks, total=len(self.paths), label="checking", unit="picture")
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

    def check_unchanged(self, name: str) -> None:
        """Raise InputError where the files of a picture, which were just read, are not those that were checked."""
        if self._hash(name) != self._contents[name]:
            raise InputError(
                f"{self.paths[name]}: changed after it was checked; leave the pictures alone while their records "
                "are written, and start again"
            )

    def _read_unchanged(self, name: str) -> Pair:
        pair = self._read(name)
        self.check_unchanged(name)
        return pair

    def jobs(self, entries: Sequence[Entry]) -> Iterator[Callable[[], Pair]]:
        return (functools.partial(self._read_unchanged, entry.name) for entry in entries)


def _name(path: Path, shrink: int) -> str:
    return path.name if shrink == 1 else f"{path.name} at 1/{shrink}"
