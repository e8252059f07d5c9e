"""The files of results: encoded once, and again in other formats without new work of the models."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from pyimagesearch.serving import formats
from pyimagesearch.serving.forecast import Rate
from pyimagesearch.serving.job import Picture, Version
from pyimagesearch.serving.picture_workers import PictureWorkers
from pyimagesearch.serving.store import Store
from pyimagesearch.serving.task import Task

ORIGINAL = Version(formats.PNG[0])  # from which the other versions are made
SECONDS_PER_PIXEL, FILE_SECONDS = 2e-8, 0.05  # of encoding a PNG, until it is measured


class Results:
    """Makes the files of pictures."""

    def __init__(self, workers: PictureWorkers, store: Store):
        self._workers, self._store = workers, store
        self._rate = Rate(SECONDS_PER_PIXEL, FILE_SECONDS)

    def seconds(self, pixels: int) -> float:
        """That encoding a result of so many pixels takes, about."""
        return self._rate(pixels)

    async def make(self, picture: Picture, raw: Path, kind: formats.Kind, task: Task, *, several: bool) -> None:
        """Encode a result in the format that was asked for. raw: the file of its samples, of this kind.

        several: whether other formats may be asked for later, so that a PNG is kept too.
        """
        mimes = formats.or_png(task.mimes) if several else task.mimes
        asked = Version.of(formats.first_that_holds(kind, kind.shape[0], kind.shape[1], mimes), task.quality)
        for version in dict.fromkeys([ORIGINAL, asked] if several else [asked]):
            picture.files[version] = await self._encode(picture, version, raw, kind)

    async def open(self, picture: Picture, version: Version, check: Callable[[], object]) -> BinaryIO:
        """The file of a version of a result, open. check: raises where the result is no longer known.

        Raises also ServiceError 406.
        """
        assert picture.kind
        assert picture.height
        assert picture.width
        formats.first_that_holds(picture.kind, picture.height, picture.width, [version.mime])
        async with picture.encoding:
            check()
            if version not in picture.files:
                made = await self._encode(picture, version, picture.files[ORIGINAL], None)
                picture.files[version] = made
                try:
                    check()  # forgotten meanwhile?
                except BaseException:
                    picture.remove_files()
                    raise
                _keep(picture, ORIGINAL, version)
            return picture.files[version].open("rb")

    async def _encode(self, picture: Picture, version: Version, source: Path, kind: formats.Kind | None) -> Path:
        """A new file of a version, from a file of samples of `kind`, or, where that is None, from the original."""
        target, began = self._store.new(), time.monotonic()
        suffix = formats.SUFFIXES[version.mime]
        try:
            await self._workers.encode(
                suffix, source, target, picture.metadata, samples=kind, quality=version.quality, width=version.width
            )
        except BaseException:
            target.unlink(missing_ok=True)
            raise
        if kind and version == ORIGINAL:
            self._rate.add(kind.shape[0] * kind.shape[1], time.monotonic() - began)
        return target


def _keep(picture: Picture, *versions: Version) -> None:
    """Remove all other versions; they can be made again."""
    for version in [version for version in picture.files if version not in versions]:
        picture.files.pop(version).unlink(missing_ok=True)
    picture.count_bytes()
