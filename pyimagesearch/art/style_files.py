"""Style transfer from picture files to a picture file: checks before the work, progress, stopping and going on."""

import dataclasses
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from pyimagesearch.art import fast_style, unfinished
from pyimagesearch.art.files import check_source, describe, plan_picture
from pyimagesearch.art.painting import Painter
from pyimagesearch.art.style_settings import StyleSettings
from pyimagesearch.art.style_transfer import StyleTransferrer
from pyimagesearch.art.transfer import Snapshot, Transfer
from pyimagesearch.errors import InputError, Interrupted
from pyimagesearch.images import picture_io
from pyimagesearch.images.picture_io import Picture
from pyimagesearch.inference.files import check_new
from pyimagesearch.system import console, memory

logger = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class StyleJob:
    """The files of one transfer."""

    content: Path
    styles: tuple[Path, ...]
    mask: Path | None
    target: Path

    @property
    def sources(self) -> dict[str, Path]:
        """The pictures that are read, by what they are."""
        named = {"content": self.content} | {f"style {number}": path for number, path in enumerate(self.styles, 1)}
        return named | ({"mask": self.mask} if self.mask else {})


@dataclasses.dataclass(frozen=True)
class Pictures:
    """What the files of a job hold."""

    content: Picture
    styles: list[np.ndarray]
    mask: np.ndarray | None


def plan_style(content: str, styles: Sequence[str], output: str, mask: str | None) -> StyleJob:
    """The files of a transfer. Raises InputError where one does not exist, or the result cannot be written.

    Whether the result may replace a file is asked later: it may if a transfer goes on.
    """
    planned = plan_picture(content, output, overwrite=True)
    job = StyleJob(planned.source, tuple(map(Path, styles)), Path(mask) if mask else None, planned.target)
    for path in job.sources.values():
        check_source(str(path))
        if job.target.exists() and path.samefile(job.target):
            raise InputError(f"{job.target}: would be replaced by the result, but is one of the pictures")
    return job


def read_pictures(job: StyleJob) -> Pictures:
    """The pictures of a job. Raises InputError where one cannot be read."""
    styles = [picture_io.read(path).samples for path in job.styles]
    return Pictures(picture_io.read(job.content), styles, picture_io.read(job.mask).samples if job.mask else None)


@contextmanager
def naming_files(job: StyleJob) -> Iterator[None]:
    """Name the files in an InputError that names arguments."""
    try:
        yield
    except InputError as error:
        text = str(error)
        for name, path in job.sources.items():
            text = text.replace(f"`{name}`", f"{path}:")
        raise InputError(text) from None


def style_file(
    job: StyleJob,
    settings: StyleSettings,
    *,
    progress_every: int | None = None,
    overwrite: bool = False,
) -> None:
    """Write the content of a job in the style of its pictures, or go on with that.

    progress_every: after so many steps, write the picture so far beside the result, too.

    Raises InputError before anything is computed, and Interrupted, with the picture so far in place of the result,
    where a signal arrives. A result appears only when it is whole.
    """
    stopwatch = console.Stopwatch()
    told = unfinished.told(job.sources, settings)
    start = unfinished.load(job.target, told, overwrite=overwrite)
    check_new(job.target, overwrite=overwrite or start is not None)
    pictures = read_pictures(job)
    transferrer = StyleTransferrer(**vars(settings))
    with naming_files(job):
        transfer = transferrer.plan(pictures.styles, pictures.content.samples, mask=pictures.mask)
    writer = _Writer(job.target, pictures.content, transfer, told)
    writer.check(progress_every, start, overwrite=overwrite)
    if start:
        logger.info(f"{job.target}: goes on after step {start.done} of {transfer.total}")
    last = writer.walk(start, progress_every, job.content.name)
    writer.finish(last)
    height, width = transfer.levels[-1]
    logger.info(
        f"{job.target}: {describe(pictures.content)} to {width}x{height}, {transfer.total} steps, loss {last.loss:.4g} "
        f"({stopwatch})"
    )


def paint_file(job: StyleJob, load: Callable[[], Painter], settings: StyleSettings, *, overwrite: bool = False) -> None:
    """Write the content of a job in the style of its pictures, by one pass of a network.

    load: loads or downloads the network, once the pictures are known to be some.

    Raises InputError. The result appears only when it is whole.
    """
    stopwatch = console.Stopwatch()
    check_new(job.target, overwrite=overwrite)
    pictures = read_pictures(job)
    content, painter = pictures.content, load()
    with naming_files(job):
        (height, width), sample = fast_style.plan(painter, content.samples, len(pictures.styles), settings)
        picture_io.check_format(job.target, content.with_samples(sample), height, width)
        painted = fast_style.paint(painter, pictures.styles, content.samples, settings, pictures.mask)
    picture_io.write(job.target, content.with_samples(painted))
    logger.info(f"{job.target}: {describe(content)} to {width}x{height} ({stopwatch})")


class _Writer:
    """Takes the steps of a transfer and writes its pictures."""

    def __init__(self, target: Path, content: Picture, transfer: Transfer, told: dict[str, Any]):
        self._target, self._content, self._transfer, self._told = target, content, transfer, told

    def check(self, progress_every: int | None, start: Snapshot | None, *, overwrite: bool) -> None:
        """Raise InputError where the result would not fit into its format or the memory, or replace a picture."""
        height, width = self._transfer.levels[-1]
        picture_io.check_format(self._target, self._content.with_samples(self._transfer.sample), height, width)
        needed = self._transfer.bytes_needed
        memory.require(needed, f"{self._target}: {width}x{height} pixels need", "; give a smaller `size` or `tile`")
        if progress_every:
            for done in range(progress_every, self._transfer.total + 1, progress_every):
                check_new(self._progress_path(done), overwrite=overwrite or (start is not None and done <= start.done))

    def walk(self, start: Snapshot | None, progress_every: int | None, label: str) -> Snapshot:
        """Take all steps after `start`; gives the last one."""
        last = start
        with console.progress_bar(total=self._transfer.total, label=label, unit="step", leave=False) as bar:
            bar.update(start.done if start else 0)
            try:
                for last in self._transfer.steps(start):
                    bar.update()
                    if progress_every and last.done % progress_every == 0:
                        self._write(self._progress_path(last.done), last)
                        unfinished.save(self._target, last, self._told)
            except (KeyboardInterrupt, Interrupted) as stop:
                if last is None:
                    raise
                self._keep(last, stop)
        assert last is not None
        return last

    def finish(self, last: Snapshot) -> None:
        """Write the result; nothing is left to go on with."""
        self._write(self._target, last)
        unfinished.remove(self._target)

    def _keep(self, last: Snapshot, stop: BaseException) -> None:
        """Write the picture so far, and what a transfer goes on from; raise Interrupted."""
        unfinished.save(self._target, last, self._told)
        self._write(self._target, last)
        said, code = (str(stop), stop.exit_code) if isinstance(stop, Interrupted) else ("stopped by SIGINT", 130)
        raise Interrupted(
            f"{said} after step {last.done} of {self._transfer.total}: {self._target} is the picture so far; the same "
            "command goes on",
            code,
        ) from None

    def _progress_path(self, done: int) -> Path:
        digits = len(str(self._transfer.total))
        return self._target.with_name(f"{self._target.stem}_step{done:0{digits}}{self._target.suffix}")

    def _write(self, path: Path, snapshot: Snapshot) -> None:
        picture_io.write(path, self._content.with_samples(self._transfer.picture(snapshot)))
