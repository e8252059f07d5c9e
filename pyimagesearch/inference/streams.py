"""Upscales one picture between programs: from standard input, to standard output."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from pyimagesearch.errors import InputError
from pyimagesearch.images import picture_io
from pyimagesearch.images.picture_io import Picture, Upload
from pyimagesearch.inference.files import check_new, enlarged
from pyimagesearch.inference.sizes import Size
from pyimagesearch.inference.upscaler import AnyUpscaler
from pyimagesearch.system import files
from pyimagesearch.system.gcs import on_bucket
from pyimagesearch.system.outputs import check_file
from pyimagesearch.system.paths import path_of

STREAM = "-"  # the name of standard input among pictures, and of standard output as the output


class _StandardInput(Upload):
    def __str__(self) -> str:
        return "standard input"


def is_streamed(inputs: Sequence[str], output: str) -> bool:
    """Whether a picture comes from standard input or goes to standard output."""
    return STREAM in (*inputs, output)


def check_stream(inputs: Sequence[str], output: str) -> None:
    """Raise InputError unless `inputs` are one picture and `output` takes it, of which one at least is `-`."""
    if len(inputs) > 1:
        raise InputError(f"`output` -, and - as a picture, stand for one picture, received {len(inputs)}; name one")
    (source,) = inputs
    if source != STREAM and not _is_file(source):
        raise InputError(f"{source}: is no file; standard output takes one picture's result")
    if output == STREAM:
        if sys.stdout.isatty():
            raise InputError("`output` -: standard output is a terminal; redirect it to a file or to a program")
        return
    if Path(output).suffix.lower() not in picture_io.WRITTEN or output.endswith(os.sep):
        raise InputError(
            f"`output` {output}: standard input has no name for a file in a folder; name a picture file "
            f"({', '.join(picture_io.WRITTEN)})"
        )
    check_file(output)


def _is_file(path: str) -> bool:
    if not on_bucket(path):
        return os.path.isfile(path)
    return not files.is_folder(path) and files.exists(path)


def upscale_stream(
    source: str, target: str, upscaler: AnyUpscaler, *, size: Size | None, tile: int | None, overwrite: bool
) -> None:
    """Upscale one picture. `-` is standard input as `source`, and standard output, in PNG, as `target`."""
    if target != STREAM:
        check_new(path_of(target), overwrite=overwrite)
    lr = picture_io.read(_StandardInput(sys.stdin.buffer.read()) if source == STREAM else source)
    place = "picture.png" if target == STREAM else target  # by whose suffix the format is checked
    sr: Picture = enlarged(lr, source, place, upscaler, size=size, tile=tile)
    if target == STREAM:
        sys.stdout.buffer.write(picture_io.encode(".png", sr))
        sys.stdout.buffer.flush()
    else:
        picture_io.write(target, sr)
