"""Dreams of picture files: what a file holds beside its colours is kept, as `srgan upscale` keeps it."""

import dataclasses
import logging
import os
from pathlib import Path

import numpy as np

from pyimagesearch.art import frames
from pyimagesearch.art.deep_dream import DeepDreamer
from pyimagesearch.art.dive import dive, frame_steps
from pyimagesearch.errors import InputError
from pyimagesearch.images import picture_io
from pyimagesearch.images.picture_io import Picture
from pyimagesearch.inference.files import check_new, left_out
from pyimagesearch.inference.film.formats import Moving, is_film
from pyimagesearch.inference.jobs import Job, plan_jobs
from pyimagesearch.system import console

logger = logging.getLogger(__name__)


def check_source(source: str) -> None:
    """Raise InputError unless `source` is one file, and no film."""
    if is_film(source):
        raise InputError(f"{source}: is a film; name a picture")
    if not os.path.isfile(source):
        raise InputError(f"{source}: " + ("is no file; name one picture" if os.path.exists(source) else "no such file"))


def plan_picture(source: str, target: str, *, overwrite: bool) -> Job:
    """The picture and the file for its dream: `target`, or one of its name in that folder.

    Raises InputError where the result cannot be written or must not be replaced.
    """
    check_source(source)
    (job,) = plan_jobs([source], target, recursive=False, moving=Moving(first_frame=True))
    check_new(job.target, overwrite=overwrite)
    return job


def dream_file(
    job: Job, picture: Picture, dreamer: DeepDreamer, *, steps: int, step_size: float, guide: np.ndarray | None
) -> None:
    """Write the dream of a job's picture. It appears only when it is whole."""
    stopwatch = console.Stopwatch()
    _check(job.source, picture, dreamer)
    height, width = picture.samples.shape[:2]
    picture_io.check_format(job.target, picture, height, width)
    total = dreamer.count_pixels(height, width, steps)
    with console.progress_bar(total=total, label=job.source.name, unit="px", leave=False) as bar:
        dream = dreamer.dream(picture.samples, steps, step_size, guide=guide, on_pixels=bar.update)
    picture_io.write(job.target, dataclasses.replace(picture, samples=dream))
    logger.info("%s: %s (%s)", job.target, describe(picture), stopwatch)


def dive_file(
    source: Path,
    picture: Picture,
    target: str,
    dreamer: DeepDreamer,
    count: int,
    *,
    steps: int,
    step_size: float,
    guide: np.ndarray | None,
) -> None:
    """Write `count` frames of a dive into the dream of a file's picture, as `frames.writing` does."""
    stopwatch = console.Stopwatch()
    _check(source, picture, dreamer)
    height, width = picture.samples.shape[:2]
    total = sum(dreamer.count_pixels(height, width, frame_steps(steps, number)) for number in range(count))
    with (
        console.progress_bar(total=total, label=source.name, unit="px", leave=False) as bar,
        frames.writing(target, picture) as write,
    ):
        for frame in dive(
            dreamer, picture.samples, count, steps=steps, step_size=step_size, guide=guide, on_pixels=bar.update
        ):
            write(frame)
    logger.info("%s: %d frame(s) of %s (%s)", target, count, describe(picture), stopwatch)


def _check(source: Path, picture: Picture, dreamer: DeepDreamer) -> None:
    """Raise InputError, which names the file, where its picture cannot be dreamt of."""
    try:
        dreamer.check(*picture.samples.shape[:2])
    except InputError as error:
        raise InputError(f"{source}: {error}") from None


def describe(picture: Picture) -> str:
    """The size of a picture, and what of its file is left out."""
    return f"{picture.samples.shape[1]}x{picture.samples.shape[0]}{left_out(picture)}"
