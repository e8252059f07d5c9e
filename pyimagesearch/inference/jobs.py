"""Where the results of pictures and films go."""

import dataclasses
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pyimagesearch.errors import InputError
from pyimagesearch.images import animation, picture_io
from pyimagesearch.images.animation import is_animated
from pyimagesearch.inference import inputs as named
from pyimagesearch.inference.film.formats import AS_THEY_ARE, CONTAINERS, Moving, check_crf, is_film, written_path
from pyimagesearch.inference.film.pyav import load_pyav
from pyimagesearch.system import files
from pyimagesearch.system.gcs import on_bucket
from pyimagesearch.system.outputs import check_folder, check_name, naming
from pyimagesearch.system.paths import path_of

SAYS_STILL = (".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".jp2", ".avif")  # suffixes of pictures that do not move


@dataclasses.dataclass(frozen=True)
class Job:
    """One picture or film and where its result goes: into `folder`, or to a file that was named alone (None).

    moving: what is asked of it where it is a film or an animated picture.
    """

    source: Path
    target: Path
    folder: Path | None = None
    moving: Moving = AS_THEY_ARE

    def asked(self, content: os.PathLike[str]) -> Mapping[str, Any]:
        """What decides on the result of the source, whose content this is, beside model and size."""
        if is_film(self.source):
            return {"codec": self.moving.codec, "crf": self.moving.crf}
        return {"first_frame": self.moving.first_frame} if is_animated(content) else {}


def plan_jobs(
    inputs: Sequence[str], output: str, *, recursive: bool, moving: Moving = AS_THEY_ARE, buckets: bool = False
) -> list[Job]:
    """Every picture and film that the inputs name, and its place in `output`; films come last.

    `output` is a file if it ends in the suffix of a picture or film and the only input is a file; otherwise it is a
    folder. Films in folders are left out: one takes as long as thousands of pictures.
    buckets: whether pictures may be read from gs:// paths and written there.
    Raises InputError where a path does not exist, where two results would be one file, where a result would
    replace a picture, and where nothing can be written.
    """
    if not buckets and any(map(on_bucket, (output, *inputs))):
        raise InputError("pictures are read from and written to local files; copy these here first")
    files.check_bucket(output)
    pictures = named.find(inputs, output, recursive=recursive)
    _check_films_are_local(pictures, output)
    target, is_folder = path_of(output), files.is_folder(output)
    is_file = target.suffix.lower() in (*picture_io.WRITTEN, *CONTAINERS) and not output.endswith(os.sep)
    if is_file and not is_folder:
        if len(inputs) > 1 or len(pictures) > 1 or pictures[0][0] != path_of(inputs[0]):
            raise InputError(f"{output}: one file for {len(pictures)} picture(s) of {inputs[0]}; name a folder")
        _check_kind(pictures[0][0], target, moving.first_frame)
        picture_io.check_writer(target)
        return _writable(_distinct([Job(pictures[0][0], target, moving=moving)]))
    if not is_folder and (target.exists() or _ends_as_a_file(output)):
        kind, suffixes = ("film", CONTAINERS) if is_film(pictures[0][0]) else ("picture", picture_io.WRITTEN)
        raise InputError(f"{output}: no {kind} ({', '.join(suffixes)}); a folder's name may end with a /")
    pictures.sort(key=lambda pair: is_film(pair[0]))
    return _writable(_distinct(_job(source, relative, target, moving) for source, relative in pictures))


def check_films(jobs: Sequence[Job], moving: Moving) -> None:
    """Raise InputError where films are asked for something but none is there, and MissingLibraryError where they cannot
    be read here."""
    films = [job for job in jobs if is_film(job.source)]
    if films:
        load_pyav()
        for job in films:
            check_crf(moving.crf, moving.codec or CONTAINERS[job.target.suffix.lower()][0])
        if moving.first_frame and len(films) == len(jobs):
            raise InputError("`first_frame` is for animated pictures, and here are films alone; leave it out")
    elif moving.codec is not None or moving.crf is not None:
        raise InputError("`codec` and `crf` are for films, and none of the pictures is one; leave them out")


def _check_films_are_local(pictures: Sequence[named.Found], output: str) -> None:
    """Raise InputError for a film on a bucket: it is read and written for hours, from several places."""
    for source, _ in pictures:
        if is_film(source) and (on_bucket(output) or on_bucket(os.fspath(source))):
            raise InputError(f"{source} to {output}: films are read from and written to local files; copy it first")


def _check_kind(source: Path, target: Path, first_frame: bool) -> None:
    """Raise InputError where a film would become a picture, a picture a film, or a still picture a GIF."""
    to_film = target.suffix.lower() in CONTAINERS
    if is_film(source) != to_film:
        kinds = (", ".join(CONTAINERS), "film") if is_film(source) else (", ".join(picture_io.WRITTEN), "picture")
        raise InputError(f"{target}: {source} is a {kinds[1]}; name a {kinds[0]} file")
    animated = not first_frame and is_animated(source)
    if target.suffix.lower() == ".gif" and not animated:
        raise InputError(f"{target}: GIF holds 256 colours; name a .png file")
    if animated and target.suffix.lower() not in animation.SUFFIXES:
        raise InputError(
            f"{target}: {source} is animated; name a {', '.join(animation.SUFFIXES)} file, or give `first_frame`"
        )


def _job(source: Path, relative: Path, folder: Path, moving: Moving) -> Job:
    """The job of a result in the output folder, with a suffix that can hold it."""
    path = folder / relative
    if is_film(source):
        return Job(source, written_path(path), folder, moving)
    if path.suffix.lower() not in (".png", ".webp") and not moving.first_frame and _moves(source):
        path = path.with_suffix(".webp")
    return Job(source, _lossless_path(path), folder, moving)


def _moves(source: Path) -> bool:
    """Whether a picture is animated. On a bucket, where each look is a download, the suffix of a still one is
    believed."""
    believed = on_bucket(os.fspath(source)) and source.suffix.lower() in SAYS_STILL
    return not believed and is_animated(source)


def _ends_as_a_file(output: str) -> bool:
    """Whether a name has the suffix of a file, as x.heic, unlike the folders x/, v1.2 and 2024.05."""
    return re.search(r"\.[a-z]{3,4}$", output, re.IGNORECASE) is not None


def _lossless_path(path: Path) -> Path:
    """The path, or that of a PNG where its format cannot be written or holds too few colours."""
    suffix = path.suffix.lower()
    return path.with_suffix(".png") if suffix == ".gif" or suffix not in picture_io.WRITTEN else path


def _distinct(jobs: Iterable[Job]) -> list[Job]:
    """The jobs, each once. Raises InputError where two would write one file, or one would write over a source."""
    jobs = list(jobs)
    sources = {named.real(job.source) for job in jobs}
    by_target: dict[Path, Job] = {}
    for job in jobs:
        if named.real(job.target) in sources:
            raise InputError(
                f"{job.target}: would be replaced by a result, but is one of the pictures; name another output"
            )
        other = by_target.setdefault(job.target, job)
        if other.source != job.source:
            raise InputError(f"{other.source} and {job.source} would both become {job.target}; upscale them apart")
    return list(by_target.values())


def _writable(jobs: list[Job]) -> list[Job]:
    """The jobs. Raises InputError where a result cannot be written: that is found here, not after hours of work."""
    if on_bucket(os.fspath(jobs[0].target)):  # its bucket was asked; whether it takes files, the first one shows
        return jobs
    with naming("output"):
        for folder in dict.fromkeys(job.target.parent for job in jobs):
            check_folder(folder)
        for job in jobs:
            check_name(job.target)
    return jobs
