"""Which format an answer has, and what its file is called."""

import re
from pathlib import PurePosixPath
from urllib.parse import quote

from pyimagesearch.serving.errors import ServiceError

SUFFIXES = {"image/png": ".png", "image/jpeg": ".jpg", "image/webp": ".webp"}  # best first
LONGEST_NAME = 100


def acceptable(header: str | None) -> list[str]:
    """The MIME types of SUFFIXES that an Accept header (RFC 9110, 12.5.1) allows, best first; 406 without any."""
    weights = dict(map(_media_range, (header or "*/*").split(",")))
    found = [mime for mime in SUFFIXES if weights.get(mime, weights.get("image/*", weights.get("*/*", 0.0))) > 0]
    if not found:
        raise ServiceError(406, "not_acceptable", f"answers are {', '.join(SUFFIXES)}; Accept names none of them")
    return found


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
