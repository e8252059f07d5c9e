"""A folder of pictures."""

import functools
import logging
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import astuple
from pathlib import Path

from pyimagesearch.data.lr_names import match_lr
from pyimagesearch.data.pairs import Pair, least_scored_side
from pyimagesearch.data.sources.base import GIVEN, KERNEL, Entry, choose_test, rank
from pyimagesearch.data.sources.picture_files import (
    Facts,
    Making,
    PictureFile,
    Problem,
    check_unchanged,
    record_name,
    refusal,
    say_left_out,
    too_few,
    too_small_for_test,
)
from pyimagesearch.errors import InputError
from pyimagesearch.images import picture_io
from pyimagesearch.system import console, parallel
from pyimagesearch.system.gcs import on_bucket

logger = logging.getLogger(__name__)


class FolderSource:
    """HR pictures of any mix of sizes and formats; LR by bicubic, or from a folder of the same pictures.

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
        lr_name: str | None = None,
        recursive: bool = False,
        resize: int | None = None,
        shrink: Sequence[int] = (1,),
        skip_bad: bool = False,
    ):
        self.scale, self.crop, self._making = scale, crop, Making(scale, crop, resize)
        hr = picture_io.read_folder(folder, recursive=recursive)
        say_left_out(hr.path, hr.left_out)
        self.paths = {record_name(hr.name(path), factor): path for factor in shrink for path in hr.pictures}
        self.shrink = {record_name(hr.name(path), factor): factor for factor in shrink for path in hr.pictures}
        self._lr_paths: dict[Path, Path] | None = None
        self.kernel = KERNEL
        if lr_folder is not None:
            lr = picture_io.read_folder(lr_folder, recursive=recursive)
            say_left_out(lr.path, lr.left_out)
            self._lr_paths, unmatched = match_lr(hr, lr, scale, lr_name)
            if unmatched:
                names = console.some([lr.name(path) for path in unmatched])
                logger.info(f"{lr.path}: left out LR pictures without HR: {names}")
            self.kernel = GIVEN
        facts, problems = self._check()
        if problems and not skip_bad:
            raise InputError(refusal(problems))
        self.skipped = [problem.reason for problem in problems]
        self.entries: Sequence[Entry] = self._split(hr, facts, problems, validation)
        self._contents = {entry.name: entry.content for entry in self.entries}

    def _split(
        self, folder: picture_io.Folder, facts: dict[str, Facts], problems: list[Problem], validation: float
    ) -> list[Entry]:
        """The entries of the pictures that can be used, each picture at all sizes in one split."""
        picture = {name: folder.name(self.paths[name]) for name in facts}
        usable, least = set(picture.values()), least_scored_side(self.scale)
        if len(usable) < 2:
            raise InputError(too_few(folder.path, len(usable), problems))
        sides = {name: min(fact.height, fact.width) for name, fact in facts.items()}
        largest = {picture[name]: side for name, side in sorted(sides.items(), key=lambda item: item[1])}
        test = choose_test(str(folder.path), largest, validation, self.scale)
        small = [name for name, side in sides.items() if picture[name] in test and side < least]
        self.skipped += [too_small_for_test(name, least) for name in small]
        return [
            Entry(name, "test" if picture[name] in test else "train", *astuple(facts[name]))
            for name in sorted(facts.keys() - small, key=rank)
        ]

    def _check(self) -> tuple[dict[str, Facts], list[Problem]]:
        """What decoding every picture once finds."""
        checks = parallel.ordered(
            lambda name: self._making.check(self._file(name)),
            self.paths,
            weight=lambda name: _pixels(self.paths[name]),
        )
        bar = console.progress(checks, total=len(self.paths), label="checking", unit="picture")
        checked = dict(zip(self.paths, bar, strict=True))
        return (
            {name: found for name, found in checked.items() if isinstance(found, Facts)},
            [found for found in checked.values() if isinstance(found, Problem)],
        )

    def _file(self, name: str) -> PictureFile:
        path = self.paths[name]
        return PictureFile(name, path, self._lr_paths[path] if self._lr_paths else None, self.shrink[name])

    def check_unchanged(self, name: str) -> None:
        """Raise InputError where the files of a picture, which were just read, are not those that were checked."""
        check_unchanged(self._file(name), self._contents[name])

    def jobs(self, entries: Sequence[Entry]) -> Iterator[Callable[[], Pair]]:
        return (
            functools.partial(self._making.read, self._file(entry.name), self._contents[entry.name])
            for entry in entries
        )


def _pixels(path: Path) -> int:
    """The pixels of a picture by its header; of one on a bucket, which is not read twice, a guess: 6 megapixels."""
    return parallel.PIXELS // 8 if on_bucket(os.fspath(path)) else picture_io.header_pixels(path)
