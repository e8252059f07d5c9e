"""`srgan upscale`: pictures, folders and globs through the upscaler, one after the other."""

import dataclasses
import glob
import itertools
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from pyimagesearch.errors import InputError, MissingLibraryError
from pyimagesearch.images import picture_io, resize
from pyimagesearch.inference.blend import Blends
from pyimagesearch.inference.upscaler import BICUBIC, AnyUpscaler, BicubicUpscaler, Upscaler, load_upscaler
from pyimagesearch.models import loading
from pyimagesearch.system import console, memory
from pyimagesearch.system.gcs import on_bucket

# Unless others are named.
MODEL = "light"
GAN_MODEL = "light-gan"
BICUBIC_SCALE = 4
STRIP = 64  # rows or columns of a large picture that are resized at once

Size = tuple[int | None, int | None]  # width and height; one of them may follow from the other


class NoMemory(InputError):
    """A result that does not fit into the free memory."""


@dataclasses.dataclass(frozen=True)
class Job:
    """One picture and where its result goes."""

    source: Path
    target: Path


def load(model: str | None, gan_model: str | None, blend: float | None) -> AnyUpscaler:
    """The upscaler that the flags name; with `blend`, of two generators. Raises InputError."""
    if blend is None:
        if gan_model:
            raise InputError("--gan-model belongs to --blend PART, which is missing; name a single model by --model")
        return load_one(model or MODEL)
    if not 0 <= blend <= 1:
        raise InputError(f"--blend must be at least 0 (--model alone) and at most 1 (--gan-model alone), not {blend}")
    if model not in (None, MODEL, BICUBIC) and not gan_model:
        raise InputError(
            f"--blend mixes --model with --gan-model, which is missing; without both, {MODEL} with {GAN_MODEL}"
        )
    return load_two(model or MODEL, gan_model or GAN_MODEL).of(blend)


def load_all(model: str | None, gan_model: str | None) -> tuple[list[str], AnyUpscaler | Blends]:
    """For `srgan serve`: the models that the flags name, or without them the two that ship, and their upscalers."""
    if model and not gan_model:
        return [model], load_one(model)
    names = [model or MODEL, gan_model or GAN_MODEL]
    return names, load_two(*names)


def load_one(name: str) -> AnyUpscaler:
    """The upscaler of a model's name or path."""
    return BicubicUpscaler(BICUBIC_SCALE) if name == BICUBIC else load_upscaler(name)


def load_two(psnr_name: str, gan_name: str) -> Blends:
    """The upscalers of two models that can be mixed. Raises InputError where they cannot."""
    if BICUBIC in (psnr_name, gan_name):
        raise InputError("--gan-model and --blend mix two trained models; bicubic is none")
    psnr, gan = loading.load_generator(psnr_name), loading.load_generator(gan_name)
    scale, other = loading.generator_scale(psnr), loading.generator_scale(gan)
    if scale != other:
        raise InputError(f"--blend: {psnr_name} is x{scale}, but {gan_name} is x{other}; name models of one scale")
    return Blends(psnr, gan, scale)


def parse_size(text: str) -> Size:
    """WIDTHxHEIGHT, WIDTHx or xHEIGHT in pixels. Raises InputError."""
    width, x, height = text.partition("x")
    sides = [width, height]
    if not x or not any(sides) or not all(not side or (side.isdecimal() and int(side) > 0) for side in sides):
        raise InputError(f"--size is WIDTHxHEIGHT, WIDTHx or xHEIGHT in pixels, such as 1920x1080, received {text}")
    return (int(width) if width else None, int(height) if height else None)


def plan(inputs: Sequence[str], output: str, *, recursive: bool) -> list[Job]:
    """Every picture that the inputs name, and its place in `output`. Raises InputError where that is no clear matter.

    `output` is a file where the only input is a file and it ends as pictures do; otherwise a folder.
    """
    if on_bucket(output) or any(map(on_bucket, inputs)):
        raise InputError("srgan upscale reads and writes local files; copy these here first")
    found = [pair for text in inputs for path in _expanded(text, output) for pair in _pictures(path, output, recursive)]
    target = Path(output)
    if target.suffix.lower() in picture_io.SUFFIXES and not target.is_dir():
        if len(inputs) > 1 or len(found) > 1 or found[0][0] != Path(inputs[0]):
            raise InputError(f"-o {output}: one file for {len(found)} picture(s) of {inputs[0]}; name a folder")
        if target.suffix.lower() == ".gif":
            raise InputError(f"-o {output}: GIF holds 256 colours; name a .png file")
        return _distinct([Job(found[0][0], target)])
    if not target.is_dir() and (target.exists() or _ends_as_a_file(output)):
        raise InputError(
            f"-o {output}: no picture ({', '.join(picture_io.SUFFIXES)}); a folder's name may end with a /"
        )
    return _distinct(Job(source, _holding(target / relative)) for source, relative in found)


def _ends_as_a_file(output: str) -> bool:
    """Whether a name ends as one of a file does, such as x.heic, and unlike those of folders: x/, v1.2, 2024.05."""
    return re.search(r"\.[a-z]{3,4}$", output, re.IGNORECASE) is not None


def _holding(path: Path) -> Path:
    """A path whose format can be written and holds as many colours as a result has."""
    suffix = path.suffix.lower()
    return path.with_suffix(".png") if suffix == ".gif" or suffix not in picture_io.SUFFIXES else path


def _distinct(jobs: Iterable[Job]) -> list[Job]:
    """The jobs, each once. Raises InputError where two would write one file, or one would write over a source."""
    jobs = list(jobs)
    sources = {job.source.resolve() for job in jobs}
    by_target: dict[Path, Job] = {}
    for job in jobs:
        if job.target.resolve() in sources:
            raise InputError(
                f"{job.target}: would be replaced by a result, but is one of the pictures; name another -o"
            )
        other = by_target.setdefault(job.target, job)
        if other.source != job.source:
            raise InputError(f"{other.source} and {job.source} would both become {job.target}; upscale them apart")
    return list(by_target.values())


def _expanded(text: str, output: str) -> list[Path]:
    """The paths that one argument means: itself, or what a glob matches, but for results of an earlier time."""
    if os.path.exists(text):
        return [Path(text)]
    found = [Path(path) for path in sorted(glob.glob(text, recursive=True))]
    fixed = Path(*itertools.takewhile(lambda part: not glob.has_magic(part), Path(text).parts)).resolve()
    results = Path(output).resolve()
    if fixed in results.parents:  # where the glob looks
        found = [path for path in found if results not in (path.resolve(), *path.resolve().parents)]
    if not found:
        raise InputError(f"{text}: no such file or folder" + (", and no match" if glob.has_magic(text) else ""))
    return found


def _pictures(path: Path, output: str, recursive: bool) -> Iterator[tuple[Path, Path]]:
    """The pictures at a path, each with its place relative to the output folder."""
    if not path.is_dir():
        yield path, Path(path.name)
        return
    if not recursive:
        yield from ((found, Path(found.name)) for found in picture_io.list_pictures(path))
        return
    inside = sorted(_walk(path, Path(output).resolve()))
    if not inside:
        raise InputError(f"{path}: holds no picture ({', '.join(picture_io.SUFFIXES)}), nor do its folders")
    yield from ((found, found.relative_to(path)) for found in inside)


def _walk(folder: Path, left_out: Path) -> Iterator[Path]:
    """Pictures at any depth, without hidden ones and without those that were upscaled before."""
    for top, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name[0] != "." and (Path(top) / name).resolve() != left_out]
        yield from (Path(top) / name for name in names if name[0] != "." and _is_picture(name))


def _is_picture(name: str) -> bool:
    return name.lower().endswith(picture_io.SUFFIXES)


def run(
    jobs: Sequence[Job], upscaler: AnyUpscaler, *, size: Size | None = None, tile: int | None = None, overwrite: bool
) -> list[str]:
    """Upscale every picture; returns a line for each that failed. tile: LR pixels a side, None by the free memory."""
    failures = []
    for job in console.progress(jobs, total=len(jobs), label="upscaling", unit="picture"):
        watch = console.Stopwatch()
        try:
            sides = _upscale(job, upscaler, size=size, tile=tile, overwrite=overwrite)
        except MissingLibraryError:  # the next picture would fail of it too
            raise
        except Exception as error:
            failures.append(_failure(job, error))
        else:
            console.say(f"{job.target}: {sides} ({console.duration(watch.seconds)})")
    return failures


def _failure(job: Job, error: Exception) -> str:
    text = " ".join(str(error).split())[:300]
    if isinstance(error, InputError):
        return text if str(job.source) in text or str(job.target) in text else f"{job.source}: {text}"
    if isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError":
        return f"{job.source}: out of memory, even with the smallest tile"
    return f"{job.source}: {text or type(error).__name__}"


def _upscale(job: Job, upscaler: AnyUpscaler, *, size: Size | None, tile: int | None, overwrite: bool) -> str:
    """One picture; returns the sizes before and after."""
    if job.target.exists() and not overwrite:
        raise InputError(f"{job.target}: exists already; --overwrite replaces it")
    lr = picture_io.read(job.source)
    before = lr.samples.shape[:2]
    larger = (before[0] * upscaler.scale, before[1] * upscaler.scale)
    height, width = target_size(larger, size)
    picture_io.check_format(job.target, lr, height, width)
    fit(upscaler, lr.samples, tile)
    with console.progress_bar(total=before[0] * before[1], label=job.source.name, unit="px", leave=False) as bar:
        sr = upscaler(lr.samples, watch=bar.update)
    picture_io.write(job.target, dataclasses.replace(lr, samples=shrink(sr, height, width)))
    return f"{before[1]}x{before[0]} to {width}x{height}"


def fit(upscaler: AnyUpscaler, samples: np.ndarray, tile: int | None) -> None:
    """Choose the tile, by the free memory where it is None; raise NoMemory where the result would not fit."""
    result = samples.nbytes * upscaler.scale**2
    copies = 7 / 3 if samples.dtype == np.uint8 else 3.0  # Pillow has four bytes for three; OpenCV order and file
    needed, free = int(result * copies), memory.available()
    if needed > free:
        raise NoMemory(f"its result needs {console.size(needed)} of memory, but {console.size(free)} are free")
    if isinstance(upscaler, Upscaler):
        if tile:
            upscaler.tile = tile
        else:
            upscaler.fit_tile(reserved=result)


def target_size(larger: tuple[int, int], size: Size | None) -> tuple[int, int]:
    """Height and width of the result, from those that the model makes. Raises InputError where they would not do."""
    if size is None:
        return larger
    width, height = size
    width = width or max(1, round(larger[1] * (height or 1) / larger[0]))
    height = height or max(1, round(larger[0] * width / larger[1]))
    if height > larger[0] or width > larger[1]:
        raise InputError(f"--size {width}x{height} is more than the {larger[1]}x{larger[0]} that the model makes of it")
    return height, width


def shrink(samples: np.ndarray, height: int, width: int) -> np.ndarray:
    """resize.resize_bicubic to at most the picture's size, strip by strip: no copy of the picture in float32."""
    picture = samples if samples.ndim == 3 else samples[:, :, None]
    if height < picture.shape[0]:
        strips = range(0, picture.shape[1], STRIP)
        parts = [
            resize.resize_bicubic(picture[:, x : x + STRIP], height, picture[:, x : x + STRIP].shape[1]) for x in strips
        ]
        picture = np.concatenate(parts, axis=1)
    if width < picture.shape[1]:
        rows = [picture[y : y + STRIP] for y in range(0, picture.shape[0], STRIP)]
        picture = np.concatenate([resize.resize_bicubic(part, part.shape[0], width) for part in rows])
    return picture if samples.ndim == 3 else picture[:, :, 0]
