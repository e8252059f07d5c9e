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
from pyimagesearch.inference.film.formats import AS_THEY_ARE, Moving, is_film
from pyimagesearch.inference.finished import Finished
from pyimagesearch.inference.jobs import Job, plan_jobs
from pyimagesearch.inference.sizes import Size
from pyimagesearch.inference.upscaler import AnyUpscaler
from pyimagesearch.system import console, outputs

logger = logging.getLogger(__name__)


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
        source: a folder of pictures.
        target: the folder for the results, which is made where it is missing.
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
    if not Path(source).is_dir():
        raise InputError(f"`source` must be a folder of pictures, received {source}")
    moving = Moving(first_frame=first_frame)
    jobs = plan_jobs([os.fspath(source)], os.path.join(target, ""), recursive=recursive, moving=moving)
    upscaler = files.loaded(model, scale)
    return run(jobs, upscaler, size=size, tile=tile, overwrite=overwrite, moving=moving).failures


@dataclasses.dataclass
class Report:
    """What became of several pictures.

    made: how many were upscaled. done_before: how many results an earlier call had finished, and are as they would be
    made now. failures: a line for each other picture, with the file and the reason.
    """

    made: int = 0
    done_before: int = 0
    failures: list[str] = dataclasses.field(default_factory=list)

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
    moving: Moving = AS_THEY_ARE,
) -> Report:
    """Upscale pictures and films. In a folder of results, those that an earlier call has finished are left as they are.

    tile: LR pixels a side, None by the free memory. overwrite: whether to make results again that were changed, or made
    of other pictures or with other settings; without it they are failures.
    """
    report = Report()
    finished = _finished(jobs, upscaler, size)
    for job in console.progress(jobs, total=len(jobs), label="upscaling", unit="picture"):
        stopwatch = console.Stopwatch()
        try:
            if finished and _is_finished(finished, job, overwrite):
                report.done_before += 1
                continue
            options: dict[str, Any] = {"size": size, "tile": tile, "overwrite": overwrite, "finished": finished}
            if is_film(job.source):
                sides = film.upscale_job(job, upscaler, **options, codec=moving.codec, crf=moving.crf)
            else:
                sides = files.upscale_picture(job, upscaler, **options, first_frame=moving.first_frame)
        except MissingLibraryError:  # every other picture would fail too
            raise
        except Exception as error:
            if isinstance(error, OSError) and error.errno in outputs.FULL:  # and so would every other
                raise RunError(f"{os_error_text(error)}; the results before this one are done") from None
            report.failures.append(_failure(job, error))
        else:
            report.made += 1
            logger.info("%s: %s (%s)", job.target, sides, console.duration(stopwatch.seconds))
    return report


def _finished(jobs: Sequence[Job], upscaler: AnyUpscaler, size: Size | None) -> Finished | None:
    """What is finished in the folder of the results; None where they have none."""
    if not jobs or jobs[0].folder is None:
        return None
    sides = "x".join(str(side or "") for side in size) if size else None
    return Finished(jobs[0].folder, {"model": upscaler.identity(), "scale": upscaler.scale, "size": sides})


def _is_finished(finished: Finished, job: Job, overwrite: bool) -> bool:
    try:
        return finished.has(job)
    except InputError:
        if not overwrite:
            raise
        return False


def _failure(job: Job, error: Exception) -> str:
    text = os_error_text(error) if isinstance(error, OSError) else one_line(error)
    text = text[:300]
    if isinstance(error, InputError):
        return text if str(job.source) in text or str(job.target) in text else f"{job.source}: {text}"
    if isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError":
        return f"{job.source}: out of memory, even with the smallest tile"
    return f"{job.source}: {text or type(error).__name__}"
