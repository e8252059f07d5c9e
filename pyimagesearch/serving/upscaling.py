"""Jobs that enlarge pictures: how long each takes, and what the line's thread does for it."""

from collections.abc import Sequence
from functools import partial

import numpy as np

from pyimagesearch.inference.tiles import LARGEST_TILE
from pyimagesearch.serving.engine import Engine
from pyimagesearch.serving.errors import ServiceError
from pyimagesearch.serving.forecast import Rate
from pyimagesearch.serving.formats import Kind
from pyimagesearch.serving.limits import Limits
from pyimagesearch.serving.options import Options
from pyimagesearch.serving.task import OnPixels, Plan, Task

PICTURE_SECONDS = 0.05  # that a picture takes beside what its pixels take


class Upscaling:
    """Makes tasks for the engine."""

    def __init__(self, engine: Engine, limits: Limits, seconds_per_pixel: float):
        """seconds_per_pixel: of work, for a pixel that a network sees, to begin with."""
        self._engine, self._limits = engine, limits
        self._rates = {scale: Rate(seconds_per_pixel, PICTURE_SECONDS) for scale in engine.scales}

    def task(self, options: Options) -> Task:
        """To enlarge pictures like this."""
        return Task(partial(self._plan, options), f"x{options.scale}", options.mimes, options.quality)

    def _plan(self, options: Options, samples: Sequence[np.ndarray]) -> Plan:
        (lr,) = samples
        height, width = lr.shape[:2]
        seen = self._engine.seen_pixels(height, width)
        _check_seen(seen, height, width, self._limits.seen_pixels)
        rate = self._rates[options.scale]
        kind = Kind((height * options.scale, width * options.scale, *lr.shape[2:]), lr.dtype.str)
        pixels = height * width
        work, piece = partial(self._work, options), min(pixels, LARGEST_TILE**2)
        return Plan(kind, pixels, piece, rate(seen), work, partial(rate.add_part, seen))

    def _work(self, options: Options, samples: Sequence[np.ndarray], on_pixels: OnPixels) -> np.ndarray:
        return self._engine(samples[0], options.amounts, options.scale, on_pixels)


def _check_seen(seen: int, height: int, width: int, most: int) -> None:
    """Raise ServiceError 413 for a picture that is so narrow that it takes as long as one of too many pixels."""
    if seen > most:
        reason = (
            f"the picture of {width}x{height} is so narrow that the network has to see {seen:,} pixels for it, and at "
            f"most {most:,} are allowed; send it in shorter parts"
        )
        raise ServiceError(413, "too_many_pixels", reason)
