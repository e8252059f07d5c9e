"""Which files of a local or gs:// folder are pictures: those with the suffix of one, and others that hold one."""

import os
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

from pyimagesearch.errors import InputError
from pyimagesearch.images import other_formats, plugins
from pyimagesearch.system import console
from pyimagesearch.system.files import is_folder
from pyimagesearch.system.gcs import is_failure, on_bucket
from pyimagesearch.system.paths import path_of, visible

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".jp2")  # of pictures in folders
# By their content, under any suffix. TIFF only without one: the raw files of cameras are TIFFs of a thumbnail.
BY_CONTENT = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "JPEG2000", "PPM", "AVIF")
WRITTEN = (*SUFFIXES, ".avif", *plugins.FORMATS)  # of files that may be named for a result


@dataclass(frozen=True)
class Folder:
    """The pictures of a folder by their paths, and what was left out and why, a phrase for each kind."""

    path: Path
    pictures: list[Path]
    left_out: list[str] = field(default_factory=list)

    def name(self, picture: Path) -> str:
        """What a picture is called: its path inside the folder."""
        return picture.relative_to(self.path).as_posix()


def list_pictures(folder: str | os.PathLike[str]) -> list[Path]:
    """The pictures directly inside a folder, by name, without hidden ones. Raises InputError where it has none.

    >>> list_pictures("photos")
    [PosixPath('photos/a.png'), PosixPath('photos/b.jpg')]
    """
    return read_folder(folder).pictures


def read_folder(folder: str | os.PathLike[str], *, recursive: bool | None = None) -> Folder:
    """The pictures inside a local or gs:// folder by name, without hidden ones.

    A file with another suffix, or none, is a picture if its first bytes say so.
    recursive: whether to enter the folders inside it; None where the caller has no such option to advise.
    Raises InputError where there is no picture, and TensorFlow's errors where a bucket cannot be used.
    """
    path = path_of(folder)
    with _reading(path):
        files, folders = _contents(path, bool(recursive))
    pictures = [file for file in files if is_picture(file)]
    left_out = _left_out(sorted(set(files) - set(pictures)), folders, recursive)
    if not pictures:
        raise _no_picture(path, left_out)
    return Folder(path, pictures, left_out)


def walk_folder(folder: str | os.PathLike[str], left_out: list[str], *, recursive: bool) -> Iterator[Path]:
    """The pictures that `read_folder` gives, in any order: of a local folder one at a time, of a bucket a folder's.

    left_out: gets the phrases of `Folder.left_out` at the end. Raises as `read_folder` does.
    """
    path = path_of(folder)
    others: list[Path] = []
    not_entered: list[Path] = []
    found = False
    with _reading(path):
        for file in _walk(path, recursive, not_entered):
            if is_picture(file):
                found = True
                yield file
            else:
                others.append(file)
    left_out += _left_out(sorted(others), sorted(not_entered), recursive)
    if not found:
        raise _no_picture(path, left_out)


def _walk(path: Path, recursive: bool, not_entered: list[Path]) -> Iterator[Path]:
    """The files below a folder, without hidden ones."""
    if on_bucket(os.fspath(path)):
        files, folders = visible(path)
        yield from files
    else:
        folders = []
        with os.scandir(path) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                if entry.is_dir():
                    folders.append(Path(entry.path))
                else:
                    yield Path(entry.path)
    if not recursive:
        not_entered += folders
        return
    for folder in folders:
        if not os.path.islink(folder):  # loops of links have no end
            yield from _walk(folder, recursive, not_entered)


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Raise InputError where a folder is missing or cannot be read."""
    if not is_folder(os.fspath(path)):
        raise InputError(f"{path}: no such folder; name a folder of pictures")
    try:
        yield
    except PermissionError as error:
        raise InputError(f"{error.filename or path}: this folder cannot be read (permission denied)") from None


def _left_out(files: list[Path], folders: list[Path], recursive: bool | None) -> list[str]:
    """A phrase for each reason why files are no pictures, and for folders that are not entered."""
    phrases = _not_read(files)
    if folders:
        remedy = "; `recursive` enters them" if recursive is False else ""
        names = console.some([f"{entry.name}/" for entry in folders])
        phrases.append(f"folders that are not entered: {names}{remedy}")
    return phrases


def _no_picture(path: Path, left_out: list[str]) -> InputError:
    return InputError(f"{path}: holds no picture ({'; '.join([', '.join(SUFFIXES), *left_out])})")


def _contents(path: Path, recursive: bool) -> tuple[list[Path], list[Path]]:
    """The files below a folder, and the folders in it that are not entered; without hidden ones."""
    files, folders = visible(path)
    if not recursive:
        return files, folders
    return sorted([*files, *_inside(folders)]), []


def _inside(folders: list[Path]) -> Iterator[Path]:
    for folder in folders:
        if not os.path.islink(folder):  # loops of links have no end
            yield from _contents(folder, recursive=True)[0]


def is_picture(file: Path) -> bool:
    """Whether a file has the suffix of a picture, or else holds one."""
    if file.suffix.lower() in SUFFIXES:
        return True
    if not file.is_file():  # opening a pipe would wait for ever
        return False
    if plugin := other_formats.by_plugin(file):
        return plugins.load(plugin)
    try:
        with (
            file.open("rb") as opened,
            Image.open(opened, formats=BY_CONTENT if file.suffix else (*BY_CONTENT, "TIFF")),
        ):
            return True
    except Exception as error:  # Pillow's parsers raise many types for what is no picture
        if is_failure(error):
            raise
        return False


def lacks_plugin(file: Path) -> bool:
    """Whether a file holds a picture that only a plug-in reads, which is not installed."""
    plugin = other_formats.by_plugin(file) if file.is_file() and file.suffix.lower() not in SUFFIXES else None
    return plugin is not None and not plugins.load(plugin)


def _not_read(files: list[Path]) -> list[str]:
    """A phrase for each reason why files are no pictures."""
    by_reason: dict[str, list[str]] = defaultdict(list)
    for file in files:
        by_reason[_reason(file)].append(file.name)
    return [f"{reason}: {console.some(names)}" for reason, names in sorted(by_reason.items())]


def _reason(file: Path) -> str:
    try:
        if not file.is_file():
            return "files that hold no picture that can be read"
        with file.open("rb"):
            pass
    except OSError:
        return "files that cannot be opened"
    if lacks_plugin(file):
        return f"HEIC or JPEG XL, which is read with {plugins.EXTRA}"
    return "files that hold no picture that can be read"
