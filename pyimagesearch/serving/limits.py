"""What a request may take: the defaults, and what `srgan serve` may be told instead.

bodies.py holds requests to the bytes, decode_worker.py to the pixels, service.py to the seconds, line.py to the queue.
"""

import dataclasses
import math

from pyimagesearch.errors import InputError

HIGHEST = {"seconds": 86_400, "queue": 100}  # that may be set

ONE_TILE = 512 * 512  # pixels that a network sees at once: never too many


@dataclasses.dataclass(frozen=True)
class Limits:
    """The defaults suit a machine with 4 GB of memory and 2 cores."""

    bytes: int = 20_000_000  # of a picture's file
    pixels: int = 4_000_000  # of the picture that comes in
    seconds: float = 60.0  # from a request's beginning to the result; sending that may take as long again
    queue: int = 8  # requests that are let in at once, with the one that is computed

    @property
    def seen_pixels(self) -> int:
        """Of what a network sees, context around tiles included; a square picture of `pixels` needs less."""
        return max(self.pixels * 3 // 2, ONE_TILE)

    def __post_init__(self) -> None:
        for name, value in dataclasses.asdict(self).items():
            argument = "`queue`" if name == "queue" else f"`max_{name}`"
            if not (value > 0 and math.isfinite(value)):
                raise InputError(f"{argument} must be above 0, received {value}")
            if value > HIGHEST.get(name, value):
                raise InputError(f"{argument} must be at most {HIGHEST[name]}, received {value:g}")
