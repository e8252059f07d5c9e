"""Which pictures and films files, folders and globs name, on the local disk or on a bucket."""

import glob
import itertools
import logging
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from pyimagesearch.errors import InputError
from pyimagesearch.images import picture_io
from pyimagesearch.inference.film.formats import is_film
from pyimagesearch.system import console, files
from pyimagesearch.system.gcs import on_bucket
from pyimagesearch.system.paths import path_of, visible

logger = logging.getLogger(__name__)

Found = tuple[Path, Path]  # a file, and its place relative to the output folder


def find(inputs: Sequence[str], output: str, *, recursive: bool) -> list[Found]:
    """Every picture and film that the inputs name. Films in folders, and what is in the output folder, are left out.

    Raises InputError where a path does not exist, and where a folder holds no picture.
    """
    paths = [path for text in inputs for path in _expanded(text, output)]
    return [found for path in paths for found in _pictures(path, output, recursive)]


def real(path: Path) -> Path:
    """The path without links, to compare with others alone: of one on a bucket it makes a local path that does not
    exist. Path.resolve raises RuntimeError for a loop of links."""
    return Path(os.path.realpath(path))


def _expanded(text: str, output: str) -> list[Path]:
    """The paths of one argument: itself, or the matches of a glob without the results of earlier calls."""
    if on_bucket(text):
        files.check_bucket(text)
        if files.exists(text):
            return [path_of(text)]
        raise InputError(f"{text}: no such object or folder; globs are for local files")
    if os.path.exists(text):
        return [Path(text)]
    paths = _glob(text)
    searched = real(Path(*itertools.takewhile(lambda name: not glob.has_magic(name), Path(text).parts)))
    results = real(path_of(output))
    if searched in results.parents:
        paths = [path for path in paths if results not in (real(path), *real(path).parents)]
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


def _pictures(path: Path, output: str, recursive: bool) -> Iterator[Found]:
    """The pictures at a path, each with its place relative to the output folder."""
    if not files.is_folder(os.fspath(path)):
        yield path, Path(path.name)
        return
    inside = sorted(_walk(path, real(path_of(output)))) if recursive else visible(path)[0]
    _say_left_out(path, inside)
    pictures = [file for file in inside if picture_io.is_picture(file) or picture_io.lacks_plugin(file)]
    if not pictures and recursive:
        raise InputError(f"{path}: holds no picture ({', '.join(picture_io.SUFFIXES)}), nor do its folders")
    if not pictures:
        picture_io.read_folder(path)  # raises InputError, which says what the folder holds instead
    yield from ((picture, Path(str(picture.relative_to(path)))) for picture in pictures)


def _say_left_out(folder: Path, inside: Sequence[Path]) -> None:
    films = [str(file.relative_to(folder)) for file in inside if is_film(file)]
    if films:
        logger.info("%s: films are left out: %s; name each, or use a glob", folder, console.some(films))


def _walk(folder: Path, left_out: Path) -> Iterator[Path]:
    """The files at any depth, without hidden ones, those in the folder `left_out` and those in folders that cannot be
    read. Links to folders are not followed, since loops of them have no end."""
    try:
        inside, folders = visible(folder)
    except PermissionError:
        return
    yield from inside
    for inner in folders:
        if not os.path.islink(inner) and real(inner) != left_out:
            yield from _walk(inner, left_out)
