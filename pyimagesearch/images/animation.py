"""Animated GIF, PNG (APNG) and WebP: their frames as whole pictures, how long each is shown, how often all are.

Pillow composes each frame with those before it, by the blending and disposal that the file asks for. Written frames are
whole pictures too, of which the encoders keep what changes.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from pyimagesearch.errors import InputError, one_line
from pyimagesearch.images.encoding import DEFAULTS
from pyimagesearch.images.picture import Picture
from pyimagesearch.system.files import appearing
from pyimagesearch.system.gcs import is_failure
from pyimagesearch.system.paths import path_of

FORMATS = ("GIF", "PNG", "WEBP")
SUFFIXES = (".gif", ".png", ".webp")
OPAQUE = 128  # alpha from which a pixel of a GIF is visible; it has no half transparency
COLOURS = 255  # of a GIF, beside the transparent one
SAMPLE = 1 << 18  # pixels of all frames together from which a GIF's colours are chosen
CENTISECOND = 10  # ms: the unit of a GIF's durations


@dataclass(frozen=True)
class Animation:
    """A file's frames. durations: ms of each. plays: how often all are shown, 0 for ever. alpha: whether any is seen
    through."""

    path: str | os.PathLike[str]
    height: int
    width: int
    durations: tuple[float, ...]
    plays: int
    alpha: bool

    def frames(self) -> Iterator[np.ndarray]:
        """Each frame as it is shown: uint8, (H, W, 4) with alpha, else (H, W, 3). Raises InputError where one is
        corrupt."""
        return (np.asarray(frame.convert("RGBA" if self.alpha else "RGB")) for frame in _composed(self.path))


def is_animated(path: str | os.PathLike[str]) -> bool:
    """Whether a local or gs:// file is an animated GIF, PNG or WebP."""
    try:
        with path_of(path).open("rb") as file, Image.open(file, formats=FORMATS) as opened:
            return getattr(opened, "n_frames", 1) - bool(opened.info.get("default_image")) > 1
    except Exception as error:  # no picture, or a broken one: reading it says so
        if is_failure(error):
            raise
        return False


def read_animation(path: str | os.PathLike[str]) -> Animation:
    """What an animated file says of its frames. Raises InputError where one of them is corrupt."""
    durations, alpha, size = [], False, (0, 0)
    plays = 1
    for frame in _composed(path):
        durations.append(float(frame.info.get("duration", 0)))
        alpha = alpha or frame.convert("RGBA").getchannel("A").getextrema()[0] != 255
        size = frame.size
        plays = _plays(frame)
    return Animation(path, size[1], size[0], tuple(durations), plays, alpha)


def _composed(path: str | os.PathLike[str]) -> Iterator[Image.Image]:
    with Image.open(path, formats=FORMATS) as opened:
        first = 1 if opened.info.get("default_image") else 0  # of an APNG: for programs that know no animation
        for number in range(first, getattr(opened, "n_frames", 1)):
            try:
                opened.seek(number)
                opened.load()
            except Exception as error:
                raise InputError(f"{path}: frame {number - first + 1} is corrupt ({one_line(error)})") from None
            yield opened


def _plays(frame: Image.Image) -> int:
    """A GIF counts repetitions, and has no count where it is shown once; the others count how often it is shown."""
    loop = frame.info.get("loop")
    if frame.format == "GIF":
        return 1 if loop is None else loop + 1 if loop else 0
    return loop or 0


def bytes_to_write(suffix: str, frames: int, height: int, width: int) -> int:
    """Memory for all frames that are in memory at a time while a file is written."""
    held = {".webp": 2 * 4, ".png": 2 * 4 * frames, ".gif": 2 * frames}[suffix.lower()]
    return held * height * width


def write_animation(
    path: str | os.PathLike[str],
    frames: Iterable[np.ndarray],
    source: Animation,
    described: Picture,
    on_whole: Callable[[str], object] = lambda _: None,
) -> None:
    """Write frames with the durations and plays of `source`; the suffix decides the format.

    frames: uint8 (H, W, 3 or 4), as many as `source` has. WebP takes one after the other; PNG and GIF hold all of them
    in memory. described: its profile, EXIF and encoder settings are written too, of which a GIF holds none.
    on_whole: called with the path of the whole file, just before it gets its name.
    Raises OSError.
    """
    suffix = Path(path).suffix.lower()
    write = {".webp": _write_webp, ".png": _write_png, ".gif": _write_gif}[suffix]
    pictures = (Image.fromarray(frame) for frame in frames)
    options: dict[str, Any] = dict(described.encoder.get("WEBP", DEFAULTS["WEBP"])) if suffix == ".webp" else {}
    options |= {"exif": described.exif} if described.exif else {}
    options |= {"icc_profile": described.icc} if described.icc else {}
    with appearing(path) as beside:
        write(beside, pictures, source, options)
        on_whole(beside)


class _Frames(Image.Image):
    """Frames that are made when an encoder asks for them, one after the other, as Pillow's readers make theirs."""

    def __init__(self, frames: Iterator[Image.Image], count: int):
        super().__init__()
        self.n_frames = count
        self._left = frames
        self._at = -1
        self.seek(0)

    def seek(self, frame: int) -> None:
        """Make the next frame this picture's pixels."""
        if frame == self._at + 1:
            made = next(self._left)
            self.im, self._mode, self._size = made.im, made.mode, made.size
            self._at = frame

    def tell(self) -> int:
        return self._at


def _write_webp(path: str, frames: Iterator[Image.Image], source: Animation, options: Mapping[str, Any]) -> None:
    lazily = _Frames(frames, len(source.durations))
    lazily.save(path, "WEBP", save_all=True, duration=_whole(source.durations, 1), loop=source.plays, **options)


def _write_png(path: str, frames: Iterator[Image.Image], source: Animation, options: Mapping[str, Any]) -> None:
    first, *others = frames
    first.save(
        path, "PNG", save_all=True, append_images=others, duration=list(source.durations), loop=source.plays, **options
    )


def _write_gif(path: str, frames: Iterator[Image.Image], source: Animation, _: Mapping[str, Any]) -> None:
    """One palette for all frames and no dithering: what stands still in the frames does so in the file."""
    palette = _palette(source)
    first, *others = [_with_palette(frame, palette) for frame in frames]
    options: dict[str, Any] = {} if source.plays == 1 else {"loop": max(0, source.plays - 1)}
    if source.alpha:
        options |= {"transparency": COLOURS, "disposal": 2}  # each frame on an empty canvas
    durations = _whole(source.durations, CENTISECOND)
    first.save(path, "GIF", save_all=True, append_images=others, duration=durations, optimize=False, **options)


def _palette(source: Animation) -> Image.Image:
    """A picture with the palette of 255 colours for the frames of `source`."""
    step = max(1, int((len(source.durations) * source.height * source.width / SAMPLE) ** 0.5))
    seen = [frame[::step, ::step].reshape(-1, frame.shape[2]) for frame in source.frames()]
    colours = np.concatenate(seen)
    if source.alpha:
        visible = colours[colours[:, 3] >= OPAQUE]
        colours = visible if len(visible) else colours
    return Image.fromarray(np.ascontiguousarray(colours[None, :, :3])).quantize(COLOURS)


def _with_palette(frame: Image.Image, palette: Image.Image) -> Image.Image:
    indexed = frame.convert("RGB").quantize(palette=palette, dither=Image.Dither.NONE)
    if frame.mode != "RGBA":
        return indexed
    hidden = np.asarray(frame)[:, :, 3] < OPAQUE
    made = Image.fromarray(np.where(hidden, COLOURS, np.asarray(indexed)).astype(np.uint8), "P")
    made.putpalette(indexed.getpalette() or [])
    return made


def _whole(durations: Iterable[float], unit: int) -> list[int]:
    """Durations (ms) in whole units whose sums stay within half a unit of those of the durations."""
    ends = np.cumsum([0.0, *durations])
    return np.diff(np.rint(ends / unit).astype(int) * unit).tolist()
