"""Which format an answer has, and what its file is called."""

import re
from collections.abc import Sequence
from pathlib import PurePosixPath
from urllib.parse import quote

import numpy as np

from pyimagesearch.errors import InputError
from pyimagesearch.images import picture_io
from pyimagesearch.serving.errors import ServiceError

SUFFIXES = {"image/png": ".png", "image/jpeg": ".jpg", "image/webp": ".webp"}  # best first
LONGEST_NAME = 100


def acceptable(header: str | None) -> list[str]:
    """The MIME types of SUFFIXES that an Accept header (RFC 9110, 12.5.1) allows, best first; 406 without any."""
    weights = dict(map(_media_range, (header or "*/*").split(",")))
    mimes = [mime for mime in SUFFIXES if weights.get(mime, weights.get("image/*", weights.get("*/*", 0.0))) > 0]
    if not mimes:
        raise ServiceError(406, "not_acceptable", f"answers are {', '.join(SUFFIXES)}; Accept names none of them")
    return mimes


def first_that_holds(samples: np.ndarray, scale: int, mimes: Sequence[str]) -> str:
    """The first of `mimes` whose format can hold the result of a picture's samples; 406 without any."""
    height, width = (side * scale for side in samples.shape[:2])
    for mime in mimes:
        try:
            picture_io.check_format(f"picture{SUFFIXES[mime]}", picture_io.Picture(samples), height, width)
            return mime
        except InputError:
            continue
    reason = "no format that Accept names can hold the result's transparency, 16 bits or size"
    raise ServiceError(406, "not_acceptable", f"{reason}; let it name image/png")


def _media_range(text: str) -> tuple[str, float]:
    name, *parameters = (part.strip().lower() for part in text.split(";"))
    weight = next((value[2:] for value in parameters if value.startswith("q=")), "1")
    return name, float(weight) if re.fullmatch(r"\d(\.\d{0,3})?", weight) else 1.0


def disposition(uploaded: str, scale: int, mime: str) -> str:
    """A Content-Disposition header (RFC 6266) that names the result of the file `uploaded` (may be empty)."""
    stem = PurePosixPath(uploaded.replace("\\", "/")).stem
    stem = "".join(letter for letter in stem if letter.isprintable())[:LONGEST_NAME].strip(". ") or "picture"
    name = f"{stem}_x{scale}{SUFFIXES[mime]}"
    plain = re.sub(r"[^A-Za-z0-9._ ()-]", "_", name)
    return f'inline; filename="{plain}"' + (f"; filename*=UTF-8''{quote(name, safe='')}" if plain != name else "")
