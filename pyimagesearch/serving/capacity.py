"""What this machine can do: how fast the models are here, and how large a picture may be."""

import math
import time

import numpy as np

from pyimagesearch.inference import tiles
from pyimagesearch.serving.engine import Engine
from pyimagesearch.serving.limits import ONE_TILE, Limits
from pyimagesearch.system import memory

PROBE = 256  # pixels a side of the picture that is measured
MEASURE_SECONDS = 1.0  # after which no further measurement begins
SPARE = 0.75  # of the seconds that a picture may take; the rest is for a machine that is busier than now
LARGE = 2048  # pixels a side of a picture of many tiles
FREE_PART = 0.7  # of the memory that is free at the start
COPIES = 7 / 3 + 2  # of a result: what files.fit asks for, and another result that is being encoded
HIGHEST = 30_000_000  # pixels; larger results are too long for readers of PNG


def seconds_per_pixel(engine: Engine) -> float:
    """That the models take, per pixel that a network sees: the fastest of some measurements on a small picture."""
    probe = np.random.default_rng(0).integers(0, 256, (PROBE, PROBE, 3), np.uint8)
    began, fastest = time.perf_counter(), math.inf
    while time.perf_counter() - began < MEASURE_SECONDS:
        start = time.perf_counter()
        engine(probe, {}, engine.scale, lambda _: None)
        fastest = min(fastest, time.perf_counter() - start)
    return fastest / engine.seen_pixels(PROBE, PROBE)


def most_pixels(engine: Engine, rate: float, limits: Limits, disk: int) -> int:
    """The most pixels of a picture whose work ends within limits.seconds and whose result fits into the memory.

    rate: of `seconds_per_pixel`. disk: bytes that are kept for results. At least ONE_TILE, rounded down to two digits.
    """
    seen = engine.seen_pixels(LARGE, LARGE) / LARGE**2
    by_time = limits.seconds * SPARE / (rate * seen)
    result = 3 * engine.scale**2  # bytes for each pixel that comes in
    by_memory = (memory.available() * FREE_PART - tiles.TILE_MEMORY) / (result * COPIES)
    by_disk = disk / (4 * result)  # a result, what it is made from, and as much for others
    most = min(by_time, by_memory, by_disk, HIGHEST)
    digits = 10 ** max(0, math.floor(math.log10(max(most, ONE_TILE))) - 1)
    return max(ONE_TILE, int(most // digits * digits))
