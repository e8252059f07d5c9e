"""Upscales a film: decodes, upscales and encodes frame by frame, keeps whole segments, joins them at the end."""

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pyimagesearch import __version__
from pyimagesearch.errors import InputError, Interrupted
from pyimagesearch.inference import files
from pyimagesearch.inference.film import encoding, joining, segments
from pyimagesearch.inference.film.encoding import SEGMENT, Plan
from pyimagesearch.inference.film.formats import CONTAINERS, Moving, is_film
from pyimagesearch.inference.film.pictures import rgb_of
from pyimagesearch.inference.film.progress import Progress
from pyimagesearch.inference.film.pyav import load_pyav
from pyimagesearch.inference.film.source import Description, Film, open_film
from pyimagesearch.inference.finished import Finished
from pyimagesearch.inference.jobs import Job
from pyimagesearch.inference.reuse import ReusingUpscaler
from pyimagesearch.inference.sizes import Size, resized, target_size
from pyimagesearch.inference.upscaler import AnyUpscaler, Upscaler
from pyimagesearch.system import locks
from pyimagesearch.system.outputs import check_file

if TYPE_CHECKING:
    import av

logger = logging.getLogger(__name__)


def upscale_film(
    source: files.FilePath,
    target: files.FilePath,
    *,
    model: str | AnyUpscaler = "photo-gan",
    scale: int | None = None,
    size: Size | None = None,
    tile: int | None = None,
    overwrite: bool = False,
    codec: str | None = None,
    crf: int | None = None,
) -> str:
    """Upscale one film. Sound, subtitles, times, colours' description and rotation are kept.

    What is finished is kept in a folder beside `target`, named as it with .parts at the end. After an interruption the
    same call goes on there, and ends with the same file.

    Args:
        source: a film in any format that FFmpeg reads.
        target: the .mp4, .m4v, .mov, .mkv or .webm to write. It appears only when it is whole.
        model: "light", "light-gan", "photo", "photo-gan", "bicubic", the path of a .keras file, or an upscaler.
        scale: how many times larger the result is, from 1 to what the model makes, which is the default.
        size: instead of `scale`, width and height of the result as it is shown; None for one of them keeps the shape.
        tile: LR pixels a side that go through the network at once. None chooses by the free memory.
        overwrite: whether to replace a file that is at `target`, and segments that other settings made.
        codec: "h264", "hevc", "av1" or "vp9". None: h264 for 8 bits, hevc for more, in .webm vp9 and av1.
        crf: the quality, from 0 to 51 (h264, hevc) or 63. None: 18 for h264, 20 for hevc, 24 for the others.

    Returns:
        The sizes before and after, and the codec.

    Raises:
        InputError: an argument is wrong, the film cannot be read, or `target` cannot hold what is in it.
        MissingLibraryError: PyAV is not installed.
        OSError: the result cannot be written.
        Interrupted: SIGINT or SIGTERM; the text says how much is kept.

    Example:
        upscale_film("film.mp4", "larger.mp4", model="light", size=(1920, None))
    """
    Moving(codec, crf)
    files.check_options(scale=scale, size=size, tile=tile)
    source, target = Path(source), Path(target)
    if not is_film(source) or target.suffix.lower() not in CONTAINERS:
        raise InputError(f"{source} to {target}: both must be films, the result one of {', '.join(CONTAINERS)}")
    if os.path.realpath(source) == os.path.realpath(target):
        raise InputError(f"{target}: is the film itself; name another output")
    load_pyav()
    check_file(target)
    upscaler = files.loaded(model, scale)
    return upscale_job(
        Job(source, target), upscaler, size=size, tile=tile, overwrite=overwrite, codec=codec, crf=crf
    )  # fmt: skip


def upscale_job(
    job: Job,
    upscaler: AnyUpscaler,
    *,
    size: Size | None,
    tile: int | None,
    overwrite: bool,
    codec: str | None,
    crf: int | None,
    finished: Finished | None = None,
) -> str:
    """Upscale one film; returns a text with the sizes before and after. The arguments are those of upscale_film.

    finished: where the result is recorded.
    """
    files.check_new(job.target, overwrite=overwrite)
    record: Callable[[str], object] = finished.recorder(job, job.source) if finished else lambda _: None
    with open_film(job.source) as film:
        description = film.description
        height, width = result_size(description, upscaler.scale, size)
        chosen = encoding.plan(description, job.target, height, width, codec=codec, crf=crf)
        _say_left_out(film, job.target)
        parts = segments.Parts(job.target)
        with locks.hold(str(parts.folder), what="film"), _without_empty_folders(parts):
            files.fit(upscaler, rgb_of(film.first, description.coding), tile or parts.kept("tile"), (height, width))
            parts.begin(_settings(film, upscaler, chosen), overwrite=overwrite)
            with _says_what_is_kept(parts):
                reused = _make_segments(film, parts, chosen, upscaler)
                whole = parts.folder / f"joined{job.target.suffix.lower()}"
                joining.join(film, parts.segments(), chosen, whole)
            record(os.fspath(whole))
            os.replace(whole, job.target)
            parts.remove()
        for complaint in film.complaints():
            logger.warning("%s: %s", job.source, complaint)
    taken = f", {reused:.0%} of the pixels taken from the frame before" if reused >= 0.01 else ""
    return f"{description.width}x{description.height} to {width}x{height}, {chosen.codec}{taken}"


def _say_left_out(film: Film, target: Path) -> None:
    """Raise InputError where sound or subtitles do not go into `target`; name what else does not."""
    left_out = joining.check_copies(film, target)
    left_out += [f"{name} metadata" for name in film.description.light.dynamic]
    if left_out:
        logger.warning("%s: left out: %s", film.path, ", ".join(left_out))


def result_size(film: Description, scale: int, size: Size | None) -> tuple[int, int]:
    """Height and width of the frames that are written. `size` is that of the shown picture, which may be turned.

    A side that only follows from the shape becomes even, since chroma of half the size needs that.
    """
    larger = (film.height * scale, film.width * scale)
    if size is None:
        return larger
    if film.turned:
        size = (size[1], size[0])
    height, width = target_size(larger, size)
    if None in size:
        height, width = (side - side % 2 if given is None and side > 1 else side for side, given in
                         zip((height, width), (size[1], size[0]), strict=True))  # fmt: skip
    return height, width


def _settings(film: Film, upscaler: AnyUpscaler, chosen: Plan) -> dict[str, Any]:
    """What decides on every byte of the segments, by the names of the arguments where there is one."""
    av = load_pyav()
    return {
        "source": segments.identity(film.path),
        "model": upscaler.identity(),
        "scale": upscaler.scale,
        "tile": upscaler.tile if isinstance(upscaler, Upscaler) else None,
        "size": [chosen.width, chosen.height],
        "codec": chosen.codec,
        "crf": chosen.crf,
        "version": [__version__, av.__version__, *av.library_versions["libavcodec"]],
    }


def _make_segments(film: Film, parts: segments.Parts, chosen: Plan, upscaler: AnyUpscaler) -> float:
    """Make the segments that are missing; returns the part of their pixels that were taken from the frame before."""
    reusing = ReusingUpscaler(upscaler)
    done = parts.frames()
    with Progress(film.path.name, film.description.frames, done) as bar:
        # From the start, although some frames are done: decoding is quick, and seeking is exact in few containers.
        frames = islice(film.frames(), done, None)
        while (first := next(frames, None)) is not None:
            reusing.restart()
            segment = chain([first], islice(frames, SEGMENT - 1))
            parts.add(encoding.encode(chosen, _enlarged(film, segment, chosen, reusing, bar)))
            bar.kept()
    return 1 - reusing.computed / reusing.seen if reusing.seen else 0.0


def _enlarged(
    film: Film, frames: Iterator["av.VideoFrame"], chosen: Plan, upscaler: ReusingUpscaler, bar: Progress
) -> Iterator[tuple[np.ndarray, int, int]]:
    """Pictures for the encoder, each with its time and duration."""
    for frame in frames:
        sr = upscaler(rgb_of(frame, film.description.coding))
        assert frame.pts is not None  # Film.frames gives each a time
        yield resized(sr, chosen.height, chosen.width), frame.pts, frame.duration or 0
        bar.update()


@contextmanager
def _says_what_is_kept(parts: segments.Parts) -> Iterator[None]:
    """Add to the message of a signal how much is kept. All other ends keep it too."""
    try:
        yield
    except (KeyboardInterrupt, Interrupted) as stopped:
        said, code = (
            (str(stopped), stopped.exit_code) if isinstance(stopped, Interrupted) else ("stopped by SIGINT", 130)
        )
        frames = parts.frames()
        kept = f"{frames} upscaled frames are kept in {parts.folder}, and the same command goes on"
        raise Interrupted(f"{said}; {kept if frames else 'no segment was finished yet'}", code) from None


@contextmanager
def _without_empty_folders(parts: segments.Parts) -> Iterator[None]:
    """Leave no folder behind in which there is no segment."""
    try:
        yield
    finally:
        if not parts.segments():
            parts.remove()
