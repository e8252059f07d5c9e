"""Which results of a folder are finished: a record beside them, so that the same command goes on after any end.

The record is a hidden file, RECORD, with a line of JSON for each result: the SHA-256 of its file and of the picture of
which it was made, and the settings. A line is written when the result is whole, just before it gets its name. So a
result without a line is somebody else's, and a line without its result is of one that has to be made again.

Nothing can be added to an object on a bucket. There the record is a folder, RECORDS, with an object for each result.
"""

import contextlib
import json
import os
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from pyimagesearch.errors import InputError, os_error_text
from pyimagesearch.inference.jobs import Job
from pyimagesearch.system.files import join, sha256_of, write_whole
from pyimagesearch.system.gcs import on_bucket
from pyimagesearch.system.paths import fetched, files_below, path_of

RECORD = ".srgan-results.jsonl"
RECORDS = ".srgan-results"
OURS, EARLIER = "this call", "an earlier call"
Line = dict[str, Any]  # result, result_sha256, picture_sha256, and the settings


class Finished:
    """The results that earlier calls have finished in a folder."""

    def __init__(self, folder: Path, settings: dict[str, Any], run: str | None = None):
        """settings: all that decides how results look beside their pictures. run: the name of a call whose parts are
        done again where one fails. Raises InputError for a broken record."""
        self._folder, self._settings, self._run = folder, settings, run
        self._record: _Record = (_BucketRecord if on_bucket(os.fspath(folder)) else _FileRecord)(folder)

    def has(self, job: Job, content: os.PathLike[str]) -> str | None:
        """Who made the result that is there, of this very picture with these settings, and unchanged: EARLIER or, of a
        call with a name, OURS; None where it has to be made.

        content: the picture's file, or a local copy of it.
        Raises InputError, which says what differs, where there is another result at its place.
        """
        if not job.target.exists():
            return None
        lines = self._record.lines(self._name(job))
        if not lines:
            raise InputError(f"{job.target}: exists already; `overwrite` replaces it")
        with fetched(job.target) as local:
            result = sha256_of(local)
        made = [line for line in lines if line["result_sha256"] == result]
        if not made:
            raise InputError(f"{job.target}: exists already, changed since it was made; `overwrite` replaces it")
        wanted = self._wanted(job, content)
        differences = [[key for key in wanted if line.get(key) != wanted[key]] for line in made]
        if [] in differences:
            return OURS if self._run and any(line.get("run") == self._run for line in made) else EARLIER
        what = [_difference(key, made[-1].get(key), wanted[key]) for key in differences[-1]]
        raise InputError(f"{job.target}: exists already, made {' and '.join(what)}; `overwrite` makes it again")

    def recorder(self, job: Job, content: os.PathLike[str]) -> Callable[[str], None]:
        """What records the result. Call it with the path of its whole file, which is about to get its name.

        The picture is hashed now, before it is read: a change in between is seen next time.
        """
        line = {"result": self._name(job), **self._wanted(job, content), **({"run": self._run} if self._run else {})}

        def record(whole: str) -> None:
            self._record.add(line | {"result_sha256": sha256_of(whole)})

        return record

    def _wanted(self, job: Job, content: os.PathLike[str]) -> Line:
        """What the line of a result says beside the result, if it is as it would be made now."""
        return self._settings | dict(job.asked(content)) | {"picture_sha256": sha256_of(content)}

    def _name(self, job: Job) -> str:
        return job.target.relative_to(self._folder).as_posix()


def _difference(key: str, before: Any, now: Any) -> str:
    """What differs, after "made"."""
    if key == "picture_sha256":
        return "of another state of its picture"
    if key == "model":
        return "by another model or mix of models"
    return f"with `{key}` {before or 'unset'}, not {now or 'unset'}"


class _Record(Protocol):
    """The lines of the results of a folder."""

    def lines(self, result: str) -> list[Line]:
        """The lines of one result, oldest first."""

    def add(self, line: Line) -> None:
        """Write a line."""


class _FileRecord:
    """The file RECORD, read at the start, and again where it has grown and may say more of a result."""

    def __init__(self, folder: Path):
        self._path = folder / RECORD
        self._load()

    def lines(self, result: str) -> list[Line]:
        if result not in self._lines and self._size != _size(self._path):
            self._load()
        return self._lines.get(result, [])

    def add(self, line: Line) -> None:
        _append(self._path, json.dumps(line))
        self._lines[line["result"]].append(line)

    def _load(self) -> None:
        self._size = _size(self._path)
        self._lines: dict[str, list[Line]] = defaultdict(list)
        for line in _read(self._path):
            self._lines[line["result"]].append(line)


class _BucketRecord:
    """An object in the folder RECORDS for each result, read when it is asked for."""

    def __init__(self, folder: Path):
        self._folder = join(os.fspath(folder), RECORDS)

    def lines(self, result: str) -> list[Line]:
        with contextlib.suppress(FileNotFoundError), fetched(self._path(result)) as local:
            return _read(Path(local))
        return []

    def add(self, line: Line) -> None:
        """The lines before it stay: the result of one of them may still be in its place."""
        lines = [*self.lines(line["result"]), line]
        write_whole(self._path(line["result"]), "".join(f"{json.dumps(each)}\n" for each in lines))

    def _path(self, result: str) -> str:
        return join(self._folder, f"{result}.jsonl")


def count_recorded(folder: Path) -> int:
    """A number that grows with every result that is recorded in a folder."""
    if not on_bucket(os.fspath(folder)):
        return _size(folder / RECORD)
    import tensorflow as tf

    records = files_below(path_of(join(os.fspath(folder), RECORDS)))
    return sum(tf.io.gfile.stat(os.fspath(path)).length for path in records)


def _size(path: Path) -> int:
    with contextlib.suppress(FileNotFoundError):
        return os.path.getsize(path)
    return 0


def _read(path: Path) -> list[Line]:
    """The lines of a record. One that was cut off by a crash, or is of something else, counts for nothing."""
    try:
        texts = path.read_text(errors="replace").splitlines()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise InputError(f"{os_error_text(error)}; it is the record of finished results, and may be deleted") from None
    lines = []
    for text in texts:
        try:
            line = json.loads(text)
        except ValueError:
            continue
        if isinstance(line, dict) and {"result", "result_sha256"} <= set(line):
            lines.append(line)
    return lines


def _append(path: Path, line: str) -> None:
    """Add a line in one write, so that several processes may. Line ends before it end one that was cut off."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
    try:
        os.write(handle, f"\n{line}\n".encode())
    finally:
        os.close(handle)
