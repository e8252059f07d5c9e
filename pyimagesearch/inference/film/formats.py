"""Which files are films, and which containers are written. Standard library only: jobs are planned with it."""

import os
from dataclasses import dataclass
from pathlib import Path

from pyimagesearch.errors import InputError

# Containers that are written, by their suffix, and the codecs that they are given here; the first is the default.
CONTAINERS: dict[str, tuple[str, ...]] = {
    ".mp4": ("h264", "hevc", "av1", "vp9"),
    ".m4v": ("h264", "hevc"),
    ".mov": ("h264", "hevc"),
    ".mkv": ("h264", "hevc", "av1", "vp9"),
    ".webm": ("vp9", "av1"),
}
ONLY_READ = (
    ".3gp", ".avi", ".flv", ".m2ts", ".mpeg", ".mpg", ".mts", ".mxf", ".ogv", ".ts", ".vob", ".wmv",
)  # fmt: skip
SUFFIXES = (*CONTAINERS, *ONLY_READ)
MOST_CRF = {"h264": 51, "hevc": 51, "av1": 63, "vp9": 63}  # the worst quality of each codec
CODECS = tuple(MOST_CRF)


@dataclass(frozen=True)
class Moving:
    """What is asked of films (codec: a name of CODECS; crf: 0, the best quality, to 63) and of animated pictures
    (first_frame: it alone). None is what suits the film. Raises InputError."""

    codec: str | None = None
    crf: int | None = None
    first_frame: bool = False

    def __post_init__(self) -> None:
        if self.codec is not None and self.codec not in CODECS:
            raise InputError(f"`codec` must be one of {', '.join(CODECS)}, received {self.codec}")
        if self.codec is not None:
            check_crf(self.crf, self.codec)


AS_THEY_ARE = Moving()


def check_crf(crf: int | None, codec: str) -> None:
    """Raise InputError unless `crf` is None or one that the codec has."""
    if crf is not None and not 0 <= crf <= MOST_CRF[codec]:
        raise InputError(f"`crf` of {codec} is 0, the best quality, to {MOST_CRF[codec]}, received {crf}")


def is_film(path: str | os.PathLike[str]) -> bool:
    """Whether a file's suffix is that of a film."""
    return Path(path).suffix.lower() in SUFFIXES


def written_path(path: Path) -> Path:
    """The path, or that of an .mkv, which holds every stream, where its container is only read."""
    return path if path.suffix.lower() in CONTAINERS else path.with_suffix(".mkv")
