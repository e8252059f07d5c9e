"""Which results of a folder are finished: a record beside them, so that the same command goes on after any end.

The record is a hidden file, RECORD, with a line of JSON for each result: the SHA-256 of its file and of the picture of
which it was made, and the settings. A line is written when the result is whole, just before it gets its name. So a
result without a line is somebody else's, and a line without its result is of one that has to be made again.
"""

import json
import os
from collections import defaultdict
from pathlib import Path
from typing import Any

from pyimagesearch.errors import InputError, os_error_text
from pyimagesearch.inference.jobs import Job
from pyimagesearch.system.files import sha256_of

RECORD = ".srgan-results.jsonl"
Line = dict[str, Any]  # result, result_sha256, picture_sha256, and the settings


class Finished:
    """The results that earlier calls have finished in a folder."""

    def __init__(self, folder: Path, settings: dict[str, Any]):
        """settings: all that decides how results look beside their pictures. Raises InputError for a broken record."""
        self._folder, self._settings = folder, settings
        self._lines: dict[str, list[Line]] = defaultdict(list)
        for line in _read(folder / RECORD):
            self._lines[line["result"]].append(line)

    def has(self, job: Job) -> bool:
        """Whether the result is there, made of this very picture with these settings, and unchanged.

        Raises InputError, which says what differs, where there is another result at its place.
        """
        if not job.target.exists():
            return False
        lines = self._lines[self._name(job)]
        if not lines:
            raise InputError(f"{job.target}: exists already; `overwrite` replaces it")
        result = sha256_of(job.target)
        made = [line for line in lines if line["result_sha256"] == result]
        if not made:
            raise InputError(f"{job.target}: exists already, changed since it was made; `overwrite` replaces it")
        wanted = self._settings | dict(job.asked) | {"picture_sha256": sha256_of(job.source)}
        differences = [[key for key in wanted if line.get(key) != wanted[key]] for line in made]
        if [] in differences:
            return True
        what = [_difference(key, made[-1].get(key), wanted[key]) for key in differences[-1]]
        raise InputError(f"{job.target}: exists already, made {' and '.join(what)}; `overwrite` makes it again")

    def add(self, job: Job, picture_sha256: str, whole: str) -> None:
        """Write the line of a result whose file is whole, at the path `whole`, and about to get its name."""
        name = self._name(job)
        line = {
            "result": name,
            "result_sha256": sha256_of(whole),
            "picture_sha256": picture_sha256,
            **self._settings,
            **job.asked,
        }
        _append(self._folder / RECORD, json.dumps(line))
        self._lines[name].append(line)

    def _name(self, job: Job) -> str:
        return job.target.relative_to(self._folder).as_posix()


def _difference(key: str, before: Any, now: Any) -> str:
    """What differs, after "made"."""
    if key == "picture_sha256":
        return "of another state of its picture"
    if key == "model":
        return "by another model or mix of models"
    return f"with `{key}` {before or 'unset'}, not {now or 'unset'}"


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
