"""Which pictures files, folders and globs name, and where their results go."""

import dataclasses
import glob
import itertools
import logging
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pyimagesearch.errors import InputError
from pyimagesearch.images import animation, picture_io
from pyimagesearch.images.animation import is_animated
from pyimagesearch.inference.film.formats import AS_THEY_ARE, CONTAINERS, Moving, check_crf, is_film, written_path
from pyimagesearch.inference.film.pyav import load_pyav
from pyimagesearch.system import console
from pyimagesearch.system.gcs import on_bucket
from pyimagesearch.system.outputs import check_folder, check_name, naming

logger = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Job:
    """One picture or film and where its result goes: into `folder`, or to a file that was named alone (None).

    asked: of films and animated pictures, what decides on the result beside its model and size.
    """

    source: Path
    target: Path
    folder: Path | None = None
    asked: Mapping[str, Any] = dataclasses.field(default_factory=dict)


def plan_jobs(inputs: Sequence[str], output: str, *, recursive: bool, moving: Moving = AS_THEY_ARE) -> list[Job]:
    """Every picture and film that the inputs name, and its place in `output`; films come last.

    `output` is a file if it ends in the suffix of a picture or film and the only input is a file; otherwise it is a
    folder. Films in folders are left out: one takes as long as thousands of pictures.
    Raises InputError where a path does not exist, where two results would be one file, where a result would
    replace a picture, and where nothing can be written.
    """
    if on_bucket(output) or any(map(on_bucket, inputs)):
        raise InputError("pictures are read from and written to local files; copy these here first")
    paths = [path for text in inputs for path in _expanded(text, output)]
    pictures = [pair for path in paths for pair in _pictures(path, output, recursive)]
    target = Path(output)
    named = target.suffix.lower() in (*picture_io.WRITTEN, *CONTAINERS)
    if named and not output.endswith(os.sep) and not target.is_dir():
        if len(inputs) > 1 or len(pictures) > 1 or pictures[0][0] != Path(inputs[0]):
            raise InputError(f"{output}: one file for {len(pictures)} picture(s) of {inputs[0]}; name a folder")
        _check_kind(pictures[0][0], target, moving.first_frame)
        picture_io.check_writer(target)
        return _writable(_distinct([Job(pictures[0][0], target)]))
    if not target.is_dir() and (target.exists() or _ends_as_a_file(output)):
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
        return Job(source, written_path(path), folder, {"codec": moving.codec, "crf": moving.crf})
    if not is_animated(source):
        return Job(source, _lossless_path(path), folder)
    if path.suffix.lower() not in (".png", ".webp") and not moving.first_frame:
        path = path.with_suffix(".webp")
    return Job(source, _lossless_path(path), folder, {"first_frame": moving.first_frame})


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
    sources = {_real(job.source) for job in jobs}
    by_target: dict[Path, Job] = {}
    for job in jobs:
        if _real(job.target) in sources:
            raise InputError(
                f"{job.target}: would be replaced by a result, but is one of the pictures; name another output"
            )
        other = by_target.setdefault(job.target, job)
        if other.source != job.source:
            raise InputError(f"{other.source} and {job.source} would both become {job.target}; upscale them apart")
    return list(by_target.values())


def _writable(jobs: list[Job]) -> list[Job]:
    """The jobs. Raises InputError where a result cannot be written: that is found here, not after hours of work."""
    with naming("output"):
        for folder in dict.fromkeys(job.target.parent for job in jobs):
            check_folder(folder)
        for job in jobs:
            check_name(job.target)
    return jobs


def _expanded(text: str, output: str) -> list[Path]:
    """The paths of one argument: itself, or the matches of a glob without the results of earlier calls."""
    if os.path.exists(text):
        return [Path(text)]
    paths = _glob(text)
    searched = _real(Path(*itertools.takewhile(lambda name: not glob.has_magic(name), Path(text).parts)))
    results = _real(Path(output))
    if searched in results.parents:
        paths = [path for path in paths if results not in (_real(path), *_real(path).parents)]
    if not paths:
        raise InputError(f"{text}: no such file or folder" + (", and no match" if glob.has_magic(text) else ""))
    return paths


def _glob(pattern: str) -> list[Path]:
    """The matches of a glob, without hidden ones. `**` goes through no links, since loops of them have no end."""
    if "**" not in pattern:
        return [Path(path) for path in sorted(glob.glob(pattern))]
    parts = Path(pattern).parts
    fixed = Path(*itertools.takewhile(lambda name: not glob.has_magic(name), parts))
    matches = fixed.glob(os.path.join(*parts[len(fixed.parts) :]))
    return sorted(path for path in matches if not any(name[0] == "." for name in path.relative_to(fixed).parts))


def _real(path: Path) -> Path:
    """The path without links. Path.resolve raises RuntimeError for a loop of links."""
    return Path(os.path.realpath(path))


def _pictures(path: Path, output: str, recursive: bool) -> Iterator[tuple[Path, Path]]:
    """The pictures at a path, each with its place relative to the output folder."""
    if not path.is_dir():
        yield path, Path(path.name)
        return
    _say_left_out(path, recursive)
    if not recursive:
        unread = sorted(file for file in path.iterdir() if file.name[0] != "." and picture_io.lacks_plugin(file))
        found = picture_io.list_pictures(path) if not unread or any(map(picture_io.is_picture, path.iterdir())) else []
        yield from ((picture, Path(picture.name)) for picture in [*found, *unread])
        return
    inside = sorted(_walk(path, _real(Path(output))))
    if not inside:
        raise InputError(f"{path}: holds no picture ({', '.join(picture_io.SUFFIXES)}), nor do its folders")
    yield from ((picture, picture.relative_to(path)) for picture in inside)


def _say_left_out(folder: Path, recursive: bool) -> None:
    names = folder.rglob("*") if recursive else folder.iterdir()
    films = sorted(str(path.relative_to(folder)) for path in names if is_film(path) and path.name[0] != ".")
    if films:
        logger.info("%s: films are left out: %s; name each, or use a glob", folder, console.some(films))


def _walk(folder: Path, left_out: Path) -> Iterator[Path]:
    """Pictures at any depth, without hidden ones and without those in the folder `left_out`."""
    for top, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name[0] != "." and _real(Path(top) / name) != left_out]
        visible = (Path(top) / name for name in names if name[0] != ".")
        yield from (path for path in visible if picture_io.is_picture(path) or picture_io.lacks_plugin(path))
