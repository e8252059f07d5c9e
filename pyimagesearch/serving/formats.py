"""Which format an answer has, and what its file is called."""

import math
import re
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath
from typing import NamedTuple
from urllib.parse import quote

import numpy as np

from pyimagesearch.errors import InputError
from pyimagesearch.images import picture_io
from pyimagesearch.serving.errors import ServiceError

SUFFIXES = {"image/png": ".png", "image/jpeg": ".jpg", "image/webp": ".webp"}  # best first
NAMES = {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp"}
PNG = ["image/png"]
LONGEST_NAME = 100


class Kind(NamedTuple):
    """Of samples: those of images.Picture."""

    shape: tuple[int, ...]
    dtype: str

    @property
    def bytes(self) -> int:
        """That they take."""
        return math.prod(self.shape) * np.dtype(self.dtype).itemsize


def acceptable(header: str | None) -> list[str]:
    """The MIME types of SUFFIXES that an Accept header (RFC 9110, 12.5.1) allows, best first; 406 without any."""
    weights = dict(map(_media_range, (header or "*/*").split(",")))
    mimes = [mime for mime in SUFFIXES if weights.get(mime, weights.get("image/*", weights.get("*/*", 0.0))) > 0]
    if not mimes:
        raise ServiceError(406, "not_acceptable", f"answers are {', '.join(SUFFIXES)}; Accept names none of them")
    return mimes


def first_that_holds(kind: Kind, height: int, width: int, mimes: Sequence[str]) -> str:
    """The first of `mimes` whose format can hold a picture of this kind and size; 406 without any."""
    sample = picture_io.Picture(np.empty((1, 1, *kind.shape[2:]), kind.dtype))
    for mime in mimes:
        try:
            picture_io.check_format(f"picture{SUFFIXES[mime]}", sample, height, width)
            return mime
        except InputError:
            continue
    what = (
        "16 bits" if np.dtype(kind.dtype).itemsize > 1 else "transparency" if sample.alpha else f"size {width}x{height}"
    )
    names = " and ".join(name for name, mime in NAMES.items() if mime in mimes)
    raise ServiceError(406, "not_acceptable", f"{names} cannot hold the result's {what}; ask for png")


def _media_range(text: str) -> tuple[str, float]:
    name, *parameters = (part.strip().lower() for part in text.split(";"))
    weight = next((value[2:] for value in parameters if value.startswith("q=")), "1")
    return name, float(weight) if re.fullmatch(r"\d(\.\d{0,3})?", weight) else 1.0


def result_name(uploaded: str, label: str, mime: str, width: int | None = None) -> str:
    """What the result of the file `uploaded` (may be empty) is called. label: such as x4. width: that was asked for."""
    stem = PurePosixPath(uploaded.replace("\\", "/")).stem
    stem = "".join(letter for letter in stem if letter.isprintable())[:LONGEST_NAME].strip(". ") or "picture"
    return f"{stem}_{f'{width}px' if width else label}{SUFFIXES[mime]}"


def or_png(mimes: Sequence[str]) -> list[str]:
    """The MIME types, and PNG's after them: it holds what they cannot."""
    return [*dict.fromkeys([*mimes, *PNG])]


def distinct(names: Iterable[str]) -> list[str]:
    """The names; where one was there before, however it is written, with a number."""
    seen: set[str] = set()
    found = []
    for name in names:
        path, number = PurePosixPath(name), 2
        while name.casefold() in seen:
            name, number = f"{path.stem} ({number}){path.suffix}", number + 1
        seen.add(name.casefold())
        found.append(name)
    return found


def disposition(name: str, kind: str = "inline") -> str:
    """A Content-Disposition header (RFC 6266) that names a file."""
    plain = re.sub(r"[^A-Za-z0-9._ ()-]", "_", name)
    return f'{kind}; filename="{plain}"' + (f"; filename*=UTF-8''{quote(name, safe='')}" if plain != name else "")
