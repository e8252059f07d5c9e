"""Upscales a picture file."""

import dataclasses
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

from pyimagesearch.errors import InputError
from pyimagesearch.images import picture_io
from pyimagesearch.images.animation import is_animated
from pyimagesearch.images.picture_io import Picture
from pyimagesearch.inference.film.formats import Moving
from pyimagesearch.inference.finished import Finished
from pyimagesearch.inference.jobs import Job, plan_jobs
from pyimagesearch.inference.sizes import Size, check_size, resized, target_size
from pyimagesearch.inference.upscaler import AnyUpscaler, Upscaler, load_upscaler
from pyimagesearch.system import console, memory, outputs
from pyimagesearch.system.files import is_folder
from pyimagesearch.system.gcs import on_bucket
from pyimagesearch.system.paths import fetched, path_of

TILES = (32, 4096)  # LR pixels a side, at least and at most

FilePath = str | os.PathLike[str]


def upscale_file(
    source: FilePath,
    target: FilePath,
    *,
    model: str | AnyUpscaler = "photo-gan",
    scale: int | None = None,
    size: Size | None = None,
    tile: int | None = None,
    overwrite: bool = False,
    first_frame: bool = False,
) -> None:
    """Upscale one picture file. Alpha, bit depth, grey, ICC profile and EXIF are kept.

    Args:
        source: a picture in any format that Pillow or OpenCV reads, local or gs://.
        target: the local or gs:// file to write; its suffix decides the format. It appears only when it is whole.
        model: "light", "light-gan", "photo", "photo-gan", "bicubic", the path of a .keras file, or an upscaler.
        scale: how many times larger the result is, from 1, which cleans alone, to what the model makes, which is the
            default and 4 for those that ship.
        size: width and height in pixels instead of `scale`; None for one of them keeps the shape. The model's result is
            brought to it by bicubic, down or up.
        tile: LR pixels a side that go through the network at once, 32 to 4096. None chooses by the free memory.
        overwrite: whether to replace a file that is at `target`.
        first_frame: whether an animated GIF, PNG or WebP becomes a still picture instead of an animated one.

    Raises:
        InputError: an argument is wrong, a file cannot be read, `target` exists, or its format cannot hold the result.
        OSError: the result cannot be written.
        MemoryError, tf.errors.ResourceExhaustedError: out of memory, even with the smallest tile.

    Example:
        upscale_file("photo.jpg", "photo_x4.png", model="light-gan", size=(3000, None))
    """
    check_options(scale=scale, size=size, tile=tile)
    if path_of(target).suffix.lower() not in picture_io.WRITTEN or is_folder(os.fspath(target)):
        raise InputError(f"`target` must be a picture file ({', '.join(picture_io.WRITTEN)}), received {target}")
    moving = Moving(first_frame=first_frame)
    (job,) = plan_jobs([os.fspath(source)], os.fspath(target), recursive=False, moving=moving, buckets=True)
    upscaler = loaded(model, scale)
    with fetched(job.source) as content:
        upscale_picture(job, content, upscaler, size=size, tile=tile, overwrite=overwrite)


def loaded(model: str | AnyUpscaler, scale: int | None) -> AnyUpscaler:
    """The upscaler of a model, or the one that is given, at a scale; None is the model's own."""
    upscaler = load_upscaler(model) if isinstance(model, str) else model
    return upscaler if scale is None else upscaler.at_scale(scale)


def check_options(*, scale: int | None, size: Size | None, tile: int | None) -> None:
    """Raise InputError where an option is wrong, or where two contradict each other."""
    if tile is not None and not TILES[0] <= tile <= TILES[1]:
        raise InputError(f"`tile` must be None or {TILES[0]} to {TILES[1]}, received {tile}")
    check_size(size, scale)


def upscale_picture(
    job: Job,
    content: os.PathLike[str],
    upscaler: AnyUpscaler,
    *,
    size: Size | None,
    tile: int | None,
    overwrite: bool,
    finished: Finished | None = None,
) -> str:
    """Upscale one picture; returns a text with the sizes before and after, and what of the file was left out.

    content: the picture's file, or a local copy of it. finished: where the result is recorded.
    """
    from pyimagesearch.inference.animations import upscale_animation  # which uses this module

    check_new(job.target, overwrite=overwrite)
    if not on_bucket(os.fspath(job.target)):
        outputs.check_folder(job.target.parent)  # the disk may have filled up since the first picture
    record: Callable[[str], object] = finished.recorder(job, content) if finished else lambda _: None
    lr = picture_io.read(content)
    if lr.frames > 1 and not job.moving.first_frame and is_animated(content):
        return upscale_animation(content, job.target, lr, upscaler, size=size, tile=tile, on_whole=record)
    sr = enlarged(lr, job.source.name, job.target, upscaler, size=size, tile=tile)
    picture_io.write(job.target, sr, record)
    (before, after) = (f"{each.samples.shape[1]}x{each.samples.shape[0]}" for each in (lr, sr))
    return f"{before} to {after}{left_out(lr)}"


def left_out(picture: Picture) -> str:
    """What is said of the other pages or frames of a picture's file, after the rest; nothing where there are none."""
    return "" if picture.frames == 1 else f", the first of {picture.frames} pages or frames"


def check_new(target: Path, *, overwrite: bool) -> None:
    """Raise InputError where a file is at `target` already and must not be replaced."""
    if target.exists() and not overwrite:
        raise InputError(f"{target}: exists already; `overwrite` replaces it")


def enlarged(
    lr: Picture, name: str, target: FilePath, upscaler: AnyUpscaler, *, size: Size | None, tile: int | None
) -> Picture:
    """The picture `lr`, larger, with all else that its file held. `name` labels the progress bar.

    Raises InputError where the format of `target` cannot hold the result, before anything is computed.
    """
    before = lr.samples.shape[:2]
    height, width = target_size((before[0] * upscaler.scale, before[1] * upscaler.scale), size)
    picture_io.check_format(target, lr, height, width)
    fit(upscaler, lr.samples, tile, (height, width))
    with console.progress_bar(total=before[0] * before[1], label=name, unit="px", leave=False) as bar:
        sr = upscaler(lr.samples, on_tile=bar.update)
    return dataclasses.replace(lr, samples=resized(sr, height, width))


def fit(upscaler: AnyUpscaler, samples: np.ndarray, tile: int | None, sides: tuple[int, int] | None = None) -> None:
    """Choose the tile, by the free memory where it is None; raise memory.NoMemory where the result would not fit.

    sides: height and width of the result where it is not to have those that the model makes.
    """
    result = samples.nbytes * upscaler.scale**2
    height, width = samples.shape[:2]
    if sides and sides != (height * upscaler.scale, width * upscaler.scale):  # made of the other, beside it
        result += samples.nbytes // (height * width) * sides[0] * sides[1]
    copies = 7 / 3 if samples.dtype == np.uint8 else 3.0  # Pillow: 4 bytes a pixel; OpenCV: its order, the file
    memory.require(int(result * copies), "its result needs")
    if isinstance(upscaler, Upscaler):
        if tile:
            upscaler.tile = tile
        else:
            upscaler.fit_tile(reserved=result)
