"""Upscales animated pictures, frame by frame."""

import os
from collections.abc import Callable
from pathlib import Path

from pyimagesearch.errors import InputError
from pyimagesearch.images import picture_io
from pyimagesearch.images.animation import SUFFIXES, Animation, bytes_to_write, read_animation, write_animation
from pyimagesearch.images.picture import Picture
from pyimagesearch.inference import files
from pyimagesearch.inference.reuse import ReusingUpscaler
from pyimagesearch.inference.sizes import Size, resized, target_size
from pyimagesearch.inference.upscaler import AnyUpscaler
from pyimagesearch.system import console, memory


def upscale_animation(
    source: os.PathLike[str],
    target: Path,
    described: Picture,
    upscaler: AnyUpscaler,
    *,
    size: Size | None,
    tile: int | None,
    on_whole: Callable[[str], object],
) -> str:
    """Upscale an animated GIF, PNG or WebP; returns a text with the sizes before and after.

    described: the first frame with what else the file holds, as picture_io.read gives it. `target` is a .webp, .png or
    .gif, which appears when it is whole; on_whole is called just before, with the file's path. Raises InputError where
    it cannot hold the result.
    """
    if target.suffix.lower() not in SUFFIXES:  # of a GIF whose name says that it is a JPEG, on a bucket
        raise InputError(f"{target}: {source} is animated; `first_frame` makes a picture of it")
    animation = read_animation(source)
    larger = (animation.height * upscaler.scale, animation.width * upscaler.scale)
    height, width = target_size(larger, size)
    if target.suffix.lower() != ".gif":  # which holds every size that others do, and transparency
        picture_io.check_format(target, described, height, width)
    _check_memory(target, animation, height, width)
    first = next(animation.frames())
    files.fit(upscaler, first, tile, (height, width))
    reusing = ReusingUpscaler(upscaler)
    frames = console.progress(animation.frames(), total=len(animation.durations), label=target.name, unit="frame")
    write_animation(target, (resized(reusing(lr), height, width) for lr in frames), animation, described, on_whole)
    return f"{animation.width}x{animation.height} to {width}x{height}, {len(animation.durations)} frames"


def _check_memory(target: Path, animation: Animation, height: int, width: int) -> None:
    memory.require(
        bytes_to_write(target.suffix, len(animation.durations), height, width),
        f"{target}: {len(animation.durations)} frames of {width}x{height} need",
        "; name a .webp file, which takes one at a time, or a smaller `size`",
    )
