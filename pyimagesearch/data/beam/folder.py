"""The pictures of a folder, listed here and checked by the workers of a Beam runner."""

import functools
import itertools
import logging
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from pyimagesearch.data.beam.catalog import Catalog, Listed
from pyimagesearch.data.beam.tasks import Tasks
from pyimagesearch.data.lr_names import match_lr
from pyimagesearch.data.pairs import Pair, least_scored_side
from pyimagesearch.data.sources.arguments import Arguments
from pyimagesearch.data.sources.base import GIVEN, KERNEL
from pyimagesearch.data.sources.picture_files import (
    Making,
    PictureFile,
    Problem,
    record_name,
    refusal,
    say_left_out,
    too_few,
    too_small_for_test,
)
from pyimagesearch.errors import InputError
from pyimagesearch.images import picture_io
from pyimagesearch.system import beam, console
from pyimagesearch.system.paths import path_of

logger = logging.getLogger(__name__)

FEWEST, MOST = 16, 4096  # pictures in a task
GROWS_EVERY = 64  # tasks: what a worker's death costs stays a small part of what is done

Row = tuple[str, str | None, int]  # paths of a picture and of its LR picture in their folders, and how much smaller


@dataclass(frozen=True)
class ListedFolder:
    """How the records of a folder are made, for worker processes: its `jobs` are those of a Source."""

    folder: str
    lr_folder: str | None
    making: Making
    name: str = "folder"

    @property
    def kernel(self) -> str:
        return GIVEN if self.lr_folder else KERNEL

    @property
    def scale(self) -> int:
        return self.making.scale

    @property
    def crop(self) -> int:
        return self.making.crop

    def jobs(self, entries: Sequence[Listed]) -> Iterator[Callable[[], Pair]]:
        """One call per entry that makes its pair."""
        for entry in entries:
            file = self._file(entry.picture, entry.lr_picture, entry.shrink)
            yield functools.partial(self.making.read, file, entry.content)

    def check(self, rows: list[Row]) -> list[dict[str, Any]]:
        """What is found out of some pictures: the fields of a Listed or of a Problem each."""
        found = []
        for picture, lr_picture, shrink in rows:
            file = self._file(picture, lr_picture, shrink)
            facts = self.making.check(file)
            if isinstance(facts, Problem):
                beam.count("pictures left out")
                found.append(asdict(facts))
            else:
                beam.count("pictures checked")
                row = {"picture": picture, "lr_picture": lr_picture, "shrink": shrink}
                found.append({"name": file.name, "split": "", **asdict(facts), **row})
        return found

    def _file(self, picture: str, lr_picture: str | None, shrink: int) -> PictureFile:
        lr_path = path_of(self.lr_folder) / lr_picture if self.lr_folder and lr_picture else None
        return PictureFile(record_name(picture, shrink), path_of(self.folder) / picture, lr_path, shrink)


def listed_folder(asked: Arguments) -> ListedFolder:
    """The folder that is asked for."""
    lr_folder = None if asked.lr_images is None else os.fspath(asked.lr_images)
    assert asked.images  # or Arguments had raised
    return ListedFolder(os.fspath(asked.images), lr_folder, Making(asked.scale, asked.held_crop, asked.resize))


def checking_tasks(asked: Arguments, folder: str) -> Tasks:
    """The tasks of checking all pictures that are asked for, in a local or gs:// folder."""
    return Tasks(folder, _batches(_rows(asked)))


def fill_catalog(catalog: Catalog, asked: Arguments, tasks: Tasks) -> list[str]:
    """Put the pictures that can be used into `catalog`, with their splits; returns why others were left out.

    tasks: of checking them, done. Raises InputError as `make_source` does.
    """
    problems: list[Problem] = []
    for found in tasks.answers():
        problems += [Problem(**one) for one in found if "reason" in one]
        catalog.add(Listed(**one) for one in found if "reason" not in one)
    problems.sort(key=lambda problem: problem.picture)
    if problems and not asked.skip_bad:
        raise InputError(refusal(problems))
    if (usable := catalog.usable()) < 2:
        raise InputError(too_few(asked.images, usable, problems))
    small = catalog.choose_test(str(asked.images), asked.part_held_out, asked.scale)
    least = least_scored_side(asked.scale)
    return [problem.reason for problem in problems] + [too_small_for_test(name, least) for name in small]


def _batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    rows = iter(rows)
    for number in itertools.count():
        size = min(MOST, FEWEST << min(number // GROWS_EVERY, 16))
        if not (batch := list(itertools.islice(rows, size))):
            return
        yield batch


def _rows(asked: Arguments) -> Iterator[Row]:
    assert asked.images
    if not asked.lr_images:
        root, left_out = path_of(asked.images), list[str]()
        for picture in picture_io.walk_folder(root, left_out, recursive=asked.recursive):
            for shrink in asked.shrink or (1,):
                yield picture.relative_to(root).as_posix(), None, shrink
        say_left_out(root, left_out)
        return
    hr = picture_io.read_folder(asked.images, recursive=asked.recursive)
    lr = picture_io.read_folder(asked.lr_images, recursive=asked.recursive)
    for folder in (hr, lr):
        say_left_out(folder.path, folder.left_out)
    matched, unmatched = match_lr(hr, lr, asked.scale, asked.lr_name)  # of which names are in memory
    if unmatched:
        logger.info(
            f"{lr.path}: left out LR pictures without HR: {console.some([lr.name(path) for path in unmatched])}"
        )
    for path, lr_path in matched.items():
        yield hr.name(path), lr.name(lr_path), 1
