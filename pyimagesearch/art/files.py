"""Dreams of picture files: what a file holds beside its colours is kept, as `srgan upscale` keeps it."""

import dataclasses
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from pyimagesearch.art.deep_dream import DeepDreamer
from pyimagesearch.errors import InputError
from pyimagesearch.images import picture_io
from pyimagesearch.images.picture_io import Picture
from pyimagesearch.inference.files import check_new
from pyimagesearch.inference.jobs import Job, plan_jobs
from pyimagesearch.system import console

logger = logging.getLogger(__name__)


def plan_picture(source: str, target: str, *, overwrite: bool) -> Job:
    """The one picture that `source` names, and the file for its dream: `target`, or of its name in that folder.

    Raises InputError where `source` is not one file, and where the result cannot be written or must not be replaced.
    """
    if not os.path.isfile(source):
        raise InputError(f"{source}: " + ("is no file; name one picture" if os.path.exists(source) else "no such file"))
    (job,) = plan_jobs([source], target, recursive=False)
    check_new(job.target, overwrite=overwrite)
    return job


def read_guide(path: str | None, dreamer: DeepDreamer) -> np.ndarray | None:
    """The samples of a guide. Raises InputError where it cannot be read or is too small."""
    if path is None:
        return None
    guide = picture_io.read(path).samples
    dreamer.check_guide(*guide.shape[:2])
    return guide


def dream_file(job: Job, dreamer: DeepDreamer, *, steps: int, step_size: float, guide: np.ndarray | None) -> None:
    """Write the dream of a picture file. It appears only when it is whole."""
    stopwatch = console.Stopwatch()
    picture = picture_io.read(job.source)
    height, width = picture.samples.shape[:2]
    with about(job.source):
        dreamer.check(height, width)
    picture_io.check_format(job.target, picture, height, width)
    total = dreamer.count_pixels(height, width, steps)
    with console.progress_bar(total=total, label=job.source.name, unit="px", leave=False) as bar:
        dream = dreamer.dream(picture.samples, steps, step_size, guide=guide, on_pixels=bar.update)
    picture_io.write(job.target, dataclasses.replace(picture, samples=dream))
    logger.info("%s: %s (%s)", job.target, describe(picture), stopwatch)


def describe(picture: Picture) -> str:
    """The size of a picture, and what of its file is left out."""
    sides = f"{picture.samples.shape[1]}x{picture.samples.shape[0]}"
    return sides if picture.frames == 1 else f"{sides}, the first of {picture.frames} pages or frames"


@contextmanager
def about(source: Path) -> Iterator[None]:
    """Put the file to blame before the text of an InputError."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{source}: {error}") from None
