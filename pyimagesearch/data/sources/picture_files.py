"""One picture of a folder: its files, what checking it finds, and the pair that is made of it."""

import hashlib
import logging
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from pyimagesearch.config import SMALLEST_CROP
from pyimagesearch.data.pairs import Pair, read_pair
from pyimagesearch.errors import InputError, MissingLibraryError
from pyimagesearch.images import picture_io
from pyimagesearch.system import console
from pyimagesearch.system.paths import fetched

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class PictureFile:
    """A picture of the records, by its name there: its file, that of its LR side, how many times smaller it is made."""

    name: str
    path: os.PathLike[str]
    lr_path: os.PathLike[str] | None
    shrink: int


@dataclass(frozen=True)
class Facts:
    """What checking a picture finds: its HR size in the records, a hash of its files, and its pixels when decoded."""

    height: int
    width: int
    content: str
    decoded: int


@dataclass(frozen=True)
class Problem:
    """Why a picture cannot be used; crop: the largest crop that it holds, where its size is all that is wrong."""

    picture: str
    reason: str
    crop: int = 0


@dataclass(frozen=True)
class Making:
    """How pairs are made of files: HR over LR size, the crop that each must hold, and the side that each is made."""

    scale: int
    crop: int
    resize: int | None = None

    def check(self, file: PictureFile) -> Facts | Problem:
        """Decode a picture, so that a bad one is named before anything is written."""
        try:
            with _fetched(file) as local:
                hr = self._pair(local).hr if local.lr_path else picture_io.read_rgb(local.path)
                content = hash_of(local)
        except MissingLibraryError:
            raise
        except InputError as error:
            return Problem(file.name, str(error))
        height, width = (side // file.shrink // self.scale * self.scale for side in hr.shape[:2])
        if self.resize:
            height = width = self.resize
        if min(height, width) < self.crop:
            part = f"1/{file.shrink} of " if file.shrink > 1 else ""
            size = f"{part}{hr.shape[1]}x{hr.shape[0]}"
            reason = f"{file.path}: {size} pixels are fewer than the crop of {self.crop}"
            return Problem(file.name, reason, min(height, width))
        return Facts(height, width, content, hr.shape[0] * hr.shape[1])

    def read(self, file: PictureFile, content: str) -> Pair:
        """The pair of a picture whose files had the hash `content` when they were checked.

        Raises InputError where they have changed since, and as `read_pair` does.
        """
        with _fetched(file) as local:
            try:
                pair = self._pair(local)
            except InputError:
                with suppress(OSError):  # of a picture that is gone, which the first error says
                    check_unchanged(local, content)
                raise
            check_unchanged(local, content)
        return pair

    def _pair(self, file: PictureFile) -> Pair:
        return replace(read_pair(file.path, file.lr_path, self.scale, self.resize, file.shrink), name=file.name)


@contextmanager
def _fetched(file: PictureFile) -> Iterator[PictureFile]:
    """A picture with its files on this machine. Raises InputError where a bucket does not hold one."""
    with ExitStack() as stack:
        try:
            path = stack.enter_context(fetched(file.path))
            lr_path = stack.enter_context(fetched(file.lr_path)) if file.lr_path else None
        except FileNotFoundError as error:
            raise InputError(f"{error.filename}: no such file") from None
        yield replace(file, path=path, lr_path=lr_path)


def hash_of(file: PictureFile) -> str:
    """SHA-256 of a picture's files, one after the other."""
    digest = hashlib.sha256()
    for path in filter(None, (file.path, file.lr_path)):
        with fetched(path) as local:
            digest.update(Path(local).read_bytes())
    return digest.hexdigest()


def check_unchanged(file: PictureFile, content: str) -> None:
    """Raise InputError where the files of a picture, which were just read, are not those that were checked."""
    if hash_of(file) != content:
        raise InputError(
            f"{file.path}: changed after it was checked; leave the pictures alone while their records "
            "are written, and start again"
        )


def say_left_out(folder: Path, phrases: list[str]) -> None:
    """Log which files and folders in `folder` are no pictures, by the phrases of `Folder.left_out`."""
    for phrase in phrases:
        logger.info(f"{folder}: left out {phrase.replace('`recursive`', '--recursive')}")


def record_name(picture: str, shrink: int) -> str:
    """What a picture is called in the records, where it is made `shrink` times smaller."""
    return picture if shrink == 1 else f"{picture} at 1/{shrink}"


def refusal(problems: list[Problem]) -> str:
    """What is wrong with some pictures, in one line."""
    others = [problem.picture for problem in problems[1:]]
    more = f" (and {len(others)} more such pictures: {console.some(others)})" if others else ""
    advice = "remove it, or leave such pictures out with `skip_bad`"
    return f"{problems[0].reason}{more}; {advice}{crop_advice(problems)}"


def too_few(folder: object, usable: int, problems: list[Problem]) -> str:
    """That a folder holds too few pictures for two splits."""
    return f"{folder}: holds {usable} usable picture(s); at least 2 are needed, one of them for test" + crop_advice(
        problems
    )


def too_small_for_test(name: str, least: int) -> str:
    """Why a picture is left out that is another size of one in the test split."""
    return f"{name}: too small for the test split ({least} pixels a side)"


def crop_advice(problems: list[Problem]) -> str:
    """The crop that all pictures hold whose size is what is wrong, if there is one."""
    crops = [problem.crop for problem in problems if problem.crop]
    if not crops or min(crops) < SMALLEST_CROP:
        return ""
    return f"; `crop` {min(crops)} takes the {len(crops)} picture(s) that are too small"
