"""A picture in memory, where its file's bytes come from, and the errors of reading it."""

import io
import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from pyimagesearch.errors import InputError
from pyimagesearch.system.paths import fetched

Source = str | os.PathLike[str] | io.BytesIO  # the local or gs:// path of a picture's file, or its bytes


class UnreadablePicture(InputError):
    """The file is not a picture, or it is corrupt or truncated."""


class TooManyPixels(UnreadablePicture):
    """The picture's header announces more pixels than are allowed."""


class Upload(io.BytesIO):
    """The bytes of a picture's file. Messages call it "the picture", since it has no path."""

    def __str__(self) -> str:
        return "the picture"


def data_of(source: Source) -> bytes:
    """The bytes of a picture's file."""
    if isinstance(source, io.BytesIO):
        return source.getvalue()
    with fetched(source) as local:
        return Path(local).read_bytes()


@dataclass
class Picture:
    """The pixels of a picture and what else its file holds.

    samples: uint8 or uint16, upright: grey (H, W), grey with alpha (H, W, 2), RGB (H, W, 3), RGBA (H, W, 4).
    icc: the colour profile, or None.
    exif: the EXIF block without orientation, which is applied to the samples, and without thumbnail; b"" for none.
    encoder: the settings that the file was encoded with, such as a JPEG's quantization tables, by Pillow's format.
    texts: those of a PNG by their names; the comment of a JPEG or a GIF is called "Comment".
    frames: how many pages or frames the file has, of which this is the first; 1 where nobody asked (strangers' files).
    """

    samples: np.ndarray
    icc: bytes | None = None
    exif: bytes = b""
    encoder: dict[str, dict[str, Any]] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    frames: int = 1

    def with_samples(self, samples: np.ndarray) -> "Picture":
        """All that this file holds around other samples, but a profile for grey where there are colours now."""
        becomes_colour = _channels(self.samples) < 3 <= _channels(samples)
        return replace(self, samples=samples, icc=None if becomes_colour else self.icc)

    @property
    def alpha(self) -> bool:
        """Whether the last channel is transparency."""
        return self.samples.ndim == 3 and self.samples.shape[2] in (2, 4)


def _channels(samples: np.ndarray) -> int:
    return samples.shape[2] if samples.ndim == 3 else 1
