"""Shared by the benchmarks: pictures to work on, bytes read, peak memory, turns and medians."""

import itertools
import statistics
from pathlib import Path

import numpy as np
from PIL import Image

from pyimagesearch.data.sources.sample import SampleSource
from pyimagesearch.errors import InputError
from pyimagesearch.images import resize
from pyimagesearch.inference.upscaler import BICUBIC
from pyimagesearch.system import console, parallel

SIZE = (1356, 2040)  # of a typical DIV2K picture


def make_pictures(folder: Path, count: int) -> None:
    """Write `count` different PNGs of SIZE: cut-outs of scikit-image's photographs, mirrored to fill them."""
    source = SampleSource(scale=4, crop=96)
    photographs = [job().hr for job in source.jobs(source.entries)]

    def write(number: int) -> None:
        hr = photographs[number % len(photographs)]
        shift = 37 * (number // len(photographs))
        wide = np.pad(hr, ((0, SIZE[0] + shift), (0, SIZE[1] + shift), (0, 0)), mode="symmetric")
        picture = wide[shift : shift + SIZE[0], shift : shift + SIZE[1]]
        Image.fromarray(picture).save(folder / f"{number:04d}.png", compress_level=3)

    made = parallel.ordered(write, range(count), weight=lambda _: SIZE[0] * SIZE[1])
    list(console.progress(made, total=count, label="making pictures", unit="picture"))


def photograph(height: int, width: int) -> np.ndarray:
    """A photograph of scikit-image, (height, width, 3) uint8."""
    from skimage import data

    return resize.resize_bicubic(data.astronaut(), height, width)


def check(model: str, rounds: int) -> None:
    """Raise InputError where no network is named, or no round is asked for."""
    if rounds < 1:
        raise InputError(f"`rounds` must be at least 1, received {rounds}")
    if model == BICUBIC:
        raise InputError("`model` bicubic is no model; name a .keras file")


def bytes_read() -> int:
    """Bytes that this process has read from files so far, from the disk or the page cache (Linux)."""
    return int(Path("/proc/self/io").read_text().split()[1])


def forget_peak_memory() -> None:
    """Reset the peak that `peak_memory` reads (Linux)."""
    Path("/proc/self/clear_refs").write_text("5")


def peak_memory() -> int:
    """The most bytes of memory that this process has held since `forget_peak_memory` (Linux)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("VmHWM:"))) * 1024


def turns(names: list[str], rounds: int) -> itertools.chain[str]:
    """The names in turn, `rounds` times: a machine that becomes slower then slows all sides alike."""
    return itertools.chain.from_iterable(itertools.repeat(names, rounds))


def medians(rounds: dict[str, list[dict[str, float]]]) -> dict[str, dict[str, float]]:
    """The median of every figure of every side."""
    return {
        name: {key: statistics.median(figures[key] for figures in measured) for key in measured[0]}
        for name, measured in rounds.items()
    }
