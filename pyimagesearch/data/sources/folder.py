"""A folder of pictures."""

import contextlib
import functools
import hashlib
import logging
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import astuple, dataclass, replace
from pathlib import Path

from pyimagesearch.config import SMALLEST_CROP
from pyimagesearch.data.lr_names import match_lr
from pyimagesearch.data.pairs import Pair, least_scored_side, read_pair
from pyimagesearch.data.sources.base import GIVEN, KERNEL, Entry, choose_test, rank
from pyimagesearch.errors import InputError, MissingLibraryError
from pyimagesearch.images import picture_io
from pyimagesearch.system import console, parallel
from pyimagesearch.system.gcs import on_bucket

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Facts:
    """What checking a picture finds: its HR size in the records, a hash of its files, and its pixels when decoded."""

    height: int
    width: int
    content: str
    decoded: int


@dataclass(frozen=True)
class _Problem:
    """Why a picture cannot be used; crop: the largest crop that it holds, where its size is all that is wrong."""

    picture: str
    reason: str
    crop: int = 0


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
        for given in (folder, lr_folder or ""):
            if on_bucket(os.fspath(given)):
                raise InputError(f"{given}: records are made of pictures in local folders; copy these to one first")
        self.scale, self.crop, self._resize = scale, crop, resize
        hr = picture_io.read_folder(folder, recursive=recursive)
        self._say_left_out(hr)
        self.paths = {_name(hr.name(path), factor): path for factor in shrink for path in hr.pictures}
        self.shrink = {_name(hr.name(path), factor): factor for factor in shrink for path in hr.pictures}
        self._lr_paths: dict[Path, Path] | None = None
        self.kernel = KERNEL
        if lr_folder is not None:
            lr = picture_io.read_folder(lr_folder, recursive=recursive)
            self._say_left_out(lr)
            self._lr_paths, unmatched = match_lr(hr, lr, scale, lr_name)
            if unmatched:
                names = console.some([lr.name(path) for path in unmatched])
                logger.info(f"{lr.path}: left out LR pictures without HR: {names}")
            self.kernel = GIVEN
        facts, problems = self._check()
        if problems and not skip_bad:
            raise InputError(_refusal(problems))
        self.skipped = [problem.reason for problem in problems]
        self.entries: Sequence[Entry] = self._split(hr, facts, problems, validation)
        self._contents = {entry.name: entry.content for entry in self.entries}

    @staticmethod
    def _say_left_out(folder: picture_io.Folder) -> None:
        for phrase in folder.left_out:
            logger.info(f"{folder.path}: left out {phrase.replace('`recursive`', '--recursive')}")

    def _split(
        self, folder: picture_io.Folder, facts: dict[str, _Facts], problems: list[_Problem], validation: float
    ) -> list[Entry]:
        """The entries of the pictures that can be used, each picture at all sizes in one split."""
        picture = {name: folder.name(self.paths[name]) for name in facts}
        usable, least = set(picture.values()), least_scored_side(self.scale)
        if len(usable) < 2:
            raise InputError(
                f"{folder.path}: holds {len(usable)} usable picture(s); at least 2 are needed, one of them for test"
                + _crop_advice(problems)
            )
        sides = {name: min(fact.height, fact.width) for name, fact in facts.items()}
        largest = {picture[name]: side for name, side in sorted(sides.items(), key=lambda item: item[1])}
        test = choose_test(str(folder.path), largest, validation, self.scale)
        small = [name for name, side in sides.items() if picture[name] in test and side < least]
        self.skipped += [f"{name}: too small for the test split ({least} pixels a side)" for name in small]
        return [
            Entry(name, "test" if picture[name] in test else "train", *astuple(facts[name]))
            for name in sorted(facts.keys() - small, key=rank)
        ]

    def _check(self) -> tuple[dict[str, _Facts], list[_Problem]]:
        """Decode every picture once, so that a bad one is named before anything is written."""

        def check(name: str) -> _Facts | _Problem:
            try:
                hr = self._read(name).hr if self._lr_paths else picture_io.read_rgb(self.paths[name])
            except MissingLibraryError:
                raise
            except InputError as error:
                return _Problem(name, str(error))
            factor = self.shrink[name]
            height, width = (side // factor // self.scale * self.scale for side in hr.shape[:2])
            if self._resize:
                height = width = self._resize
            if min(height, width) < self.crop:
                part = f"1/{factor} of " if factor > 1 else ""
                size = f"{part}{hr.shape[1]}x{hr.shape[0]}"
                reason = f"{self.paths[name]}: {size} pixels are fewer than the crop of {self.crop}"
                return _Problem(name, reason, min(height, width))
            return _Facts(height, width, self._hash(name), hr.shape[0] * hr.shape[1])

        checks = parallel.ordered(check, self.paths, weight=lambda name: picture_io.header_pixels(self.paths[name]))
        bar = console.progress(checks, total=len(self.paths), label="checking", unit="picture")
        checked = dict(zip(self.paths, bar, strict=True))
        return (
            {name: found for name, found in checked.items() if isinstance(found, _Facts)},
            [found for found in checked.values() if isinstance(found, _Problem)],
        )

    def _hash(self, name: str) -> str:
        digest = hashlib.sha256(self.paths[name].read_bytes())
        if self._lr_paths:
            digest.update(self._lr_paths[self.paths[name]].read_bytes())
        return digest.hexdigest()

    def _read(self, name: str) -> Pair:
        lr_path = self._lr_paths[self.paths[name]] if self._lr_paths else None
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
        try:
            pair = self._read(name)
        except InputError:
            with contextlib.suppress(OSError):  # of a picture that is gone, which the first error says
                self.check_unchanged(name)
            raise
        self.check_unchanged(name)
        return pair

    def jobs(self, entries: Sequence[Entry]) -> Iterator[Callable[[], Pair]]:
        return (functools.partial(self._read_unchanged, entry.name) for entry in entries)


def _name(picture: str, shrink: int) -> str:
    return picture if shrink == 1 else f"{picture} at 1/{shrink}"


def _refusal(problems: list[_Problem]) -> str:
    others = [problem.picture for problem in problems[1:]]
    more = f" (and {len(others)} more such pictures: {console.some(others)})" if others else ""
    advice = "remove it, or leave such pictures out with `skip_bad`"
    return f"{problems[0].reason}{more}; {advice}{_crop_advice(problems)}"


def _crop_advice(problems: list[_Problem]) -> str:
    """The crop that all pictures hold whose size is what is wrong, if there is one."""
    crops = [problem.crop for problem in problems if problem.crop]
    if not crops or min(crops) < SMALLEST_CROP:
        return ""
    return f"; `crop` {min(crops)} takes the {len(crops)} picture(s) that are too small"
