"""Where the frames of a dive go: numbered pictures in a folder, or a film."""

import dataclasses
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from pyimagesearch.errors import InputError
from pyimagesearch.images import picture_io
from pyimagesearch.images.picture_io import Picture
from pyimagesearch.images.yuv import Coding
from pyimagesearch.inference.files import check_new
from pyimagesearch.inference.film.pictures import frame_of
from pyimagesearch.inference.film.pyav import load_pyav
from pyimagesearch.system import files
from pyimagesearch.system.outputs import check_file, check_folder, naming

FILM = ".mp4"
FRAME = re.compile(r"frame_\d{4,}\.png")
RATE = 25  # frames a second
QUALITY = "18"  # x264's constant rate factor: hardly a difference can be seen
SIDES = (2, 16384)  # pixels that x264 takes, at least and at most
BT709 = 1  # in ITU-T H.273: matrix, primaries and transfer of HD films
STUDIO = 1  # FFmpeg's number of the range 16 to 235

Write = Callable[[np.ndarray], None]  # takes the samples of the next frame


def check_target(target: str, *, overwrite: bool) -> None:
    """Raise InputError unless frames can be written to `target`: a folder without any, or a film that is new."""
    path, suffix = Path(target), Path(target).suffix.lower()
    if suffix == FILM:
        load_pyav()
        with naming("output"):
            check_file(path)
        check_new(path, overwrite=overwrite)
        return
    if suffix in picture_io.WRITTEN or path.is_file():
        raise InputError(f"`output` {target}: holds no frames; name a folder, or a {FILM} file")
    with naming("output"):
        check_folder(path)
    if earlier := _frames(path):
        check_new(earlier[0], overwrite=overwrite)


def _frames(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("frame_*.png") if FRAME.fullmatch(path.name))


@contextmanager
def writing(target: str, picture: Picture) -> Iterator[Write]:
    """A function that writes the next frame; a film appears at the end, once it is whole, and pictures one by one.

    picture: what else frames keep of their file. Frames of an earlier dive in the folder are removed.
    Raises InputError where a film cannot have the picture's size.
    """
    if Path(target).suffix.lower() == FILM:
        height, width = picture.samples.shape[:2]
        if not SIDES[0] <= min(height, width) <= max(height, width) <= SIDES[1]:
            raise InputError(
                f"{target}: a film has {SIDES[0]} to {SIDES[1]} pixels a side, not {width}x{height}; name a folder"
            )
        with files.appearing(target) as beside, _film(beside, picture.samples) as write:
            yield write
        return
    for path in _frames(Path(target)):
        path.unlink()
    written = 0

    def write_picture(samples: np.ndarray) -> None:
        nonlocal written
        written += 1
        frame = dataclasses.replace(picture, samples=samples)
        picture_io.write(os.path.join(target, f"frame_{written:04d}.png"), frame)

    yield write_picture


@contextmanager
def _film(path: str, samples: np.ndarray) -> Iterator[Write]:
    """Writes H.264 with BT.709 colours. Its chroma has half the size: of an odd side the last pixels are left out."""
    av = load_pyav()
    height, width = (side - side % 2 for side in samples.shape[:2])
    with av.open(path, "w", format="mp4", options={"movflags": "+faststart"}) as container:
        stream = container.add_stream("libx264", rate=RATE, options={"crf": QUALITY})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        context = stream.codec_context
        context.colorspace = context.color_primaries = context.color_trc = BT709
        context.color_range = STUDIO

        def write(frame: np.ndarray) -> None:
            rgb = picture_io.rgb_of_samples(frame)[:height, :width]
            container.mux(stream.encode(frame_of(rgb, Coding(BT709, full=False))))

        yield write
        container.mux(stream.encode(None))
