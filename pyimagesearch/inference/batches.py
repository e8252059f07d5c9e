"""Upscales folders and lists of pictures, one after the other, and goes on where an earlier call ended."""

import dataclasses
import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pyimagesearch.errors import InputError, MissingLibraryError, RunError, one_line, os_error_text
from pyimagesearch.inference import files
from pyimagesearch.inference.film import upscale as film
from pyimagesearch.inference.film.formats import Moving, is_film
from pyimagesearch.inference.finished import OURS, Finished
from pyimagesearch.inference.jobs import Job, plan_jobs
from pyimagesearch.inference.sizes import Size
from pyimagesearch.inference.upscaler import AnyUpscaler
from pyimagesearch.system import console, gcs, outputs
from pyimagesearch.system.files import is_folder
from pyimagesearch.system.paths import fetched

logger = logging.getLogger(__name__)

KEPT = "the results before this one are done"


def upscale_folder(
    source: files.FilePath,
    target: files.FilePath,
    *,
    model: str | AnyUpscaler = "photo-gan",
    recursive: bool = False,
    scale: int | None = None,
    size: Size | None = None,
    tile: int | None = None,
    overwrite: bool = False,
    first_frame: bool = False,
) -> list[str]:
    """Upscale all pictures of a folder into another folder, under the same names.

    Results that an earlier call has finished, of the same pictures with the same settings, are left as they are.

    Args:
        source: a local or gs:// folder of pictures.
        target: the local or gs:// folder for the results, which is made where it is missing.
        recursive: whether to go into the folders inside `source`; the results lie in folders of the same names.
        model, scale, size, tile, first_frame: as in upscale_file.
        overwrite: whether to make results again that were changed, or made of other pictures or with other settings.

    Returns:
        One line for each picture that failed, with the file and the reason; the others are done.

    Raises:
        InputError: an argument is wrong, `source` holds no picture, or a result would replace a picture. Nothing was
            written.
        MissingLibraryError: a library of the system is missing, without which no picture can be read.

    Example:
        failures = upscale_folder("photos", "larger", model="light", recursive=True)
    """
    files.check_options(scale=scale, size=size, tile=tile)
    if not is_folder(os.fspath(source)):
        raise InputError(f"`source` must be a folder of pictures, received {source}")
    moving = Moving(first_frame=first_frame)
    folder = os.path.join(target, "")
    jobs = plan_jobs([os.fspath(source)], folder, recursive=recursive, moving=moving, buckets=True)
    return run(jobs, files.loaded(model, scale), size=size, tile=tile, overwrite=overwrite).failures


@dataclasses.dataclass
class Report:
    """What became of several pictures.

    made: how many were upscaled. done_before: how many results an earlier call had finished, and are as they would be
    made now. failures: a line for each other picture, with the file and the reason.
    """

    made: int = 0
    done_before: int = 0
    failures: list[str] = dataclasses.field(default_factory=list)

    def __iadd__(self, other: "Report") -> "Report":
        self.made += other.made
        self.done_before += other.done_before
        self.failures += other.failures
        return self

    def __str__(self) -> str:
        total = self.made + self.done_before + len(self.failures)
        parts = [f"{self.made} of {total} picture(s) upscaled"]
        parts += [f"{self.done_before} done before"] if self.done_before else []
        return ", ".join([*parts, f"{len(self.failures)} failed"] if self.failures else parts)


def run(
    jobs: Sequence[Job],
    upscaler: AnyUpscaler,
    *,
    size: Size | None = None,
    tile: int | None = None,
    overwrite: bool,
) -> Report:
    """Upscale pictures and films. In a folder of results, those that an earlier call has finished are left as they are.

    tile: LR pixels a side, None by the free memory. overwrite: whether to make results again that were changed, or made
    of other pictures or with other settings; without it they are failures.
    """
    report = Report()
    finished = finished_in(jobs[0].folder, upscaler, size) if jobs else None
    for job in console.progress(jobs, total=len(jobs), label="upscaling", unit="picture"):
        report += run_job(job, upscaler, finished, size=size, tile=tile, overwrite=overwrite)
    return report


def run_job(
    job: Job,
    upscaler: AnyUpscaler,
    finished: Finished | None,
    *,
    size: Size | None,
    tile: int | None,
    overwrite: bool,
) -> Report:
    """Upscale one picture or film, unless it is finished; returns what became of it.

    Raises MissingLibraryError and RunError where every other would fail too.
    """
    stopwatch = console.Stopwatch()
    try:
        with fetched(job.source) as content:
            maker = _maker(finished, job, content, overwrite) if finished else None
            if maker:
                return Report(made=1) if maker == OURS else Report(done_before=1)
            options: dict[str, Any] = {"size": size, "tile": tile, "overwrite": overwrite, "finished": finished}
            if is_film(job.source):
                sides = film.upscale_job(job, upscaler, **options, codec=job.moving.codec, crf=job.moving.crf)
            else:
                sides = files.upscale_picture(job, content, upscaler, **options)
    except MissingLibraryError:
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno in outputs.FULL:
            raise RunError(f"{os_error_text(error)}; {KEPT}") from None
        if gcs.is_failure(error) and (of_bucket := gcs.explain(one_line(error))):
            raise RunError(f"{of_bucket[0]}; {KEPT}") from None
        return Report(failures=[_failure(job, error)])
    logger.info("%s: %s (%s)", job.target, sides, console.duration(stopwatch.seconds))
    return Report(made=1)


def finished_in(
    folder: Path | None, upscaler: AnyUpscaler, size: Size | None, run: str | None = None
) -> Finished | None:
    """What is finished in a folder of results; None where the only result is a file that was named. run: as in
    Finished."""
    if folder is None:
        return None
    sides = "x".join(str(side or "") for side in size) if size else None
    return Finished(folder, {"model": upscaler.identity(), "scale": upscaler.scale, "size": sides}, run)


def _maker(finished: Finished, job: Job, content: os.PathLike[str], overwrite: bool) -> str | None:
    """Who made the result; None where it has to be made, or made again."""
    try:
        return finished.has(job, content)
    except InputError:
        if not overwrite:
            raise
        return None


def _failure(job: Job, error: Exception) -> str:
    text = os_error_text(error) if isinstance(error, OSError) else one_line(error)
    text = text[:300]
    if isinstance(error, InputError):
        return text if str(job.source) in text or str(job.target) in text else f"{job.source}: {text}"
    if isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError":
        return f"{job.source}: out of memory, even with the smallest tile"
    return f"{job.source}: {text or type(error).__name__}"
